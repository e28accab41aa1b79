// Package parallel runs what does not depend on one another side by side.
package parallel

import (
	"errors"
	"sync"
)

// Run runs the functions at the same time, waits for all and joins their errors.
func Run(run ...func() error) error {
	errs := make([]error, len(run))
	var wait sync.WaitGroup
	for i, f := range run {
		wait.Add(1)
		go func() {
			defer wait.Done()
			errs[i] = f()
		}()
	}
	wait.Wait()
	return errors.Join(errs...)
}
