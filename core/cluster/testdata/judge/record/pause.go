package main

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pauseAtRandom stops and continues the processes of the control plane, one at
// a time, for up to a third of a second, until the returned function is called.
// A component that falls behind for a moment shows orders that a calm machine
// never does, so fewer accidents pass for rules.
func pauseAtRandom(pids string) (stop func(), err error) {
	var ps []int
	for _, s := range strings.FieldsFunc(pids, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := strconv.Atoi(s)
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
	}
	end, ended := make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		for len(ps) > 0 {
			select {
			case <-end:
				return
			case <-time.After(time.Duration(rand.IntN(150)) * time.Millisecond):
			}
			p := ps[rand.IntN(len(ps))]
			if syscall.Kill(p, syscall.SIGSTOP) != nil {
				continue
			}
			time.Sleep(time.Duration(5+rand.IntN(300)) * time.Millisecond)
			_ = syscall.Kill(p, syscall.SIGCONT)
		}
	}()
	return func() { close(end); <-ended }, nil
}
