import { three } from './three.js';

three('dedicated');
