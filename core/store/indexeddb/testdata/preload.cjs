// Loaded into Node before a js/wasm test binary: an IndexedDB, from the site's
// node_modules, and synchronous output, as Go waits for a write to finish and
// would wait for ever inside a callback from JavaScript.
'use strict'
const fs = require('fs')
const path = require('path')

const site = path.resolve(__dirname, '../../../../site')
require(require.resolve('fake-indexeddb/auto', { paths: [site] }))

const write = fs.write
fs.write = function (fd, buf, offset, length, position, callback) {
  if ((fd !== 1 && fd !== 2) || position !== null) {
    return write.apply(fs, arguments)
  }
  let n = 0
  while (n < length) {
    try {
      n += fs.writeSync(fd, buf, offset + n, length - n)
    } catch (err) {
      if (err.code !== 'EAGAIN') {
        return callback(err, n)
      }
    }
  }
  callback(null, n)
}
