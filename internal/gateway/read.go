package gateway

import "fmt"

// ReadState reads what a gateway stored in dir, for when none answers there. A
// directory without a stored State gives an empty one.
func ReadState(dir string) (State, error) {
	r, err := (&directory{path: dir}).load()
	if err != nil {
		return State{}, fmt.Errorf("cannot read the gateway's state: %v", err)
	}
	return r.State, nil
}
