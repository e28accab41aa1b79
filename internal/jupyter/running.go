package jupyter

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Running is what a server's users have running. Source: the REST API of
// jupyter-server, GET /api/kernels and /api/terminals.
type Running struct {
	Kernels   []KernelState
	Terminals []Terminal // in the order in which they were started, as far as their names tell
}

// KernelState is a kernel as its server sees it.
type KernelState struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`            // of its kernelspec
	State string    `json:"execution_state"` // "starting", "idle", "busy", "restarting", "dead" ...
	Last  time.Time `json:"last_activity"`
}

// Terminal is a terminal as its server sees it. Older servers do not say when it
// was used last: Last is zero then.
type Terminal struct {
	Name string    `json:"name"`
	Last time.Time `json:"last_activity"`
}

// Running asks for the kernels and terminals. A server without terminals has none.
func (s *Server) Running(ctx context.Context) (out Running, err error) {
	code, err := s.get(ctx, "api/kernels", true, &out.Kernels)
	if err == nil && code != http.StatusOK {
		err = &answerError{"api/kernels", code}
	}
	if err != nil {
		return Running{}, fmt.Errorf("cannot count kernels: %w", err)
	}
	code, err = s.get(ctx, "api/terminals", true, &out.Terminals)
	if err == nil && code != http.StatusOK && code != http.StatusNotFound {
		err = &answerError{"api/terminals", code}
	}
	if err != nil {
		return Running{}, fmt.Errorf("cannot count terminals: %w", err)
	}
	slices.SortFunc(out.Terminals, func(a, b Terminal) int {
		x, _ := strconv.Atoi(a.Name) // "1", "2" ...
		y, _ := strconv.Atoi(b.Name)
		return x - y
	})
	return out, nil
}
