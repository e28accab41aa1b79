package jupyter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// document is a notebook of format 4, as Jupyter's REST gives it: what is not
// known here stays as it is. Jupyter makes it of older formats itself.
type document map[string]any

// NotebookPath is a notebook's path from the notebooks' root, tidied. Paths that
// lead out of there are refused.
func NotebookPath(text string) (string, error) {
	elements := strings.Split(text, "/")
	switch {
	case text == "":
		return "", errors.New("it is empty")
	case path.IsAbs(text), strings.ContainsAny(text, "\\\x00"):
		return "", errors.New("it must be relative to the folder of the notebooks")
	case slices.Contains(elements, ".."):
		return "", errors.New("it must not lead out of the folder of the notebooks")
	case path.Ext(text) != ".ipynb" || path.Base(text) == ".ipynb":
		return "", errors.New("it must end in .ipynb")
	}
	return path.Clean(text), nil
}

// contents is the path of a file in Jupyter's REST.
func contents(file string) string {
	elements := strings.Split(file, "/")
	for i, e := range elements {
		elements[i] = url.PathEscape(e)
	}
	return "api/contents/" + strings.Join(elements, "/")
}

// readNotebook reads a notebook, without the outputs that it has.
func (s *Server) readNotebook(ctx context.Context, file string) (document, error) {
	var model struct {
		Type    string   `json:"type"`
		Content document `json:"content"`
	}
	err := s.call(ctx, http.MethodGet, contents(file)+"?type=notebook&content=1", nil, &model, http.StatusOK)
	var answer *AnswerError
	switch {
	case errors.As(err, &answer) && answer.Code == http.StatusNotFound:
		return nil, fmt.Errorf("cannot read %s: there is no such notebook", file)
	case errors.As(err, &answer) && answer.Code == http.StatusBadRequest, err == nil && model.Type != "notebook":
		return nil, fmt.Errorf("cannot read %s: it is not a notebook", file)
	case err != nil:
		return nil, fmt.Errorf("cannot read %s: %w", file, err)
	}
	for _, cell := range model.Content.all() {
		cell["outputs"], cell["execution_count"] = []any{}, nil
	}
	return model.Content, nil
}

// all are the cells of code.
func (d document) all() (out []map[string]any) {
	cells, _ := d["cells"].([]any)
	for _, c := range cells {
		if cell, ok := c.(map[string]any); ok && cell["cell_type"] == "code" {
			out = append(out, cell)
		}
	}
	return out
}

// code are the cells that are to be run.
func (d document) code() []map[string]any {
	return slices.DeleteFunc(d.all(), func(cell map[string]any) bool {
		return strings.TrimSpace(source(cell)) == "" || slices.Contains(tags(cell), "skip-execution")
	})
}

// kernel is the name of the kernel that the notebook was made with, "" for none.
func (d document) kernel() string {
	metadata, _ := d["metadata"].(map[string]any)
	spec, _ := metadata["kernelspec"].(map[string]any)
	name, _ := spec["name"].(string)
	return name
}

func source(cell map[string]any) string {
	if lines, ok := cell["source"].([]any); ok {
		return strings.Join(texts(lines), "")
	}
	text, _ := cell["source"].(string)
	return text
}

func tags(cell map[string]any) []string {
	metadata, _ := cell["metadata"].(map[string]any)
	list, _ := metadata["tags"].([]any)
	return texts(list)
}

func texts(list []any) (out []string) {
	for _, e := range list {
		if text, ok := e.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// mostCopies bounds the search for a name that is free.
const mostCopies = 100

// keep saves the notebook beside the file, under a name that nobody has.
func (s *Server) keep(ctx context.Context, file string, doc document, now time.Time) (string, error) {
	stem := strings.TrimSuffix(file, ".ipynb") + ".executed-" + now.UTC().Format("20060102T150405Z")
	for n := 1; n <= mostCopies; n++ {
		name := stem + ".ipynb"
		if n > 1 {
			name = fmt.Sprintf("%s-%d.ipynb", stem, n)
		}
		err := s.call(ctx, http.MethodGet, contents(name)+"?content=0", nil, nil, http.StatusNotFound)
		var answer *AnswerError
		if errors.As(err, &answer) && answer.Code == http.StatusOK {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("cannot save %s: %w", name, err)
		}
		return name, s.put(ctx, name, doc)
	}
	return "", fmt.Errorf("cannot save %s.ipynb: it exists", stem)
}

func (s *Server) put(ctx context.Context, name string, doc document) error {
	body := map[string]any{"type": "notebook", "format": "json", "content": doc}
	if err := s.call(ctx, http.MethodPut, contents(name), body, nil, http.StatusOK, http.StatusCreated); err != nil {
		return fmt.Errorf("cannot save %s: %w", name, err)
	}
	return nil
}
