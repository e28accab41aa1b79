package jupyter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// kernelspecs are the kernels that a server can start.
type kernelspecs struct {
	Default string `json:"default"`
	Specs   map[string]struct {
		Spec struct {
			Language string `json:"language"`
		} `json:"spec"`
	} `json:"kernelspecs"`
}

func (s *Server) kernelspecs(ctx context.Context) (all kernelspecs, err error) {
	if err := s.call(ctx, http.MethodGet, "api/kernelspecs", nil, &all, http.StatusOK); err != nil {
		return all, fmt.Errorf("cannot list the kernels: %w", err)
	}
	return all, nil
}

// PythonKernel is the name of a kernel that runs Python: the server's default
// where that does.
func (s *Server) PythonKernel(ctx context.Context) (string, error) {
	all, err := s.kernelspecs(ctx)
	if err != nil {
		return "", err
	}
	for _, name := range append([]string{all.Default}, slices.Sorted(maps.Keys(all.Specs))...) {
		if strings.EqualFold(all.Specs[name].Spec.Language, "python") {
			return name, nil
		}
	}
	return "", errors.New("cannot start a kernel: the image has none for Python")
}
