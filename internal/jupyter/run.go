package jupyter

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Executed is what came of running a notebook.
type Executed struct {
	Copy  string // path of the copy that holds the outputs, "" when there is none
	Cells int    // that hold code
	Done  int    // of them, those that ran to their end
}

// CellError is a cell that failed: Cell is its number among those with code.
type CellError struct {
	Cell, Cells int
	Err         error
}

func (e *CellError) Error() string { return fmt.Sprintf("cell %d of %d: %v", e.Cell, e.Cells, e.Err) }

func (e *CellError) Unwrap() error { return e.Err }

// saveEvery is how often the copy is saved while cells run.
const saveEvery = 30 * time.Second

// saveLimit bounds saving the copy, also when the deadline has passed.
const saveLimit = time.Minute

// RunNotebook runs the code of a notebook, given by its path from the notebooks'
// root, in a kernel of its own, in its folder. The notebook stays as it is: the
// outputs go to a copy beside it, NAME.executed-TIME.ipynb, which never replaces
// a file. A cell that fails ends the run, unless it is tagged raises-exception;
// what was shown until then is kept, also when ctx ends or the kernel dies.
func (s *Server) RunNotebook(ctx context.Context, file string, now time.Time, tell func(string)) (Executed, error) {
	doc, err := s.readNotebook(ctx, file)
	if err != nil {
		return Executed{}, err
	}
	if err := s.hasKernel(ctx, doc.kernel()); err != nil {
		return Executed{}, err
	}
	dir := strings.TrimSuffix(path.Dir(file), ".")
	k, err := s.StartKernel(ctx, Start{Name: doc.kernel(), Dir: dir, Label: "run-notebook " + path.Base(file)})
	if err != nil {
		return Executed{}, err
	}
	defer k.Close(ctx)
	cells := doc.code()
	r := run{server: s, kernel: k, doc: doc, shown: map[string]any{}, tell: tell, out: Executed{Cells: len(cells)}}
	if r.out.Copy, err = s.keep(ctx, file, doc, now); err != nil {
		return Executed{}, err
	}
	r.saved = time.Now()
	err = r.all(ctx, cells)
	return r.out, errors.Join(err, r.save(ctx))
}

// run is a notebook that is being run.
type run struct {
	server *Server
	kernel *Kernel
	doc    document
	shown  map[string]any // display_id -> output
	tell   func(string)
	saved  time.Time
	out    Executed
}

func (r *run) all(ctx context.Context, cells []map[string]any) error {
	for i, cell := range cells {
		r.tell(fmt.Sprintf("cell %d of %d: %s", i+1, len(cells), firstLine(source(cell))))
		if err := r.one(ctx, cell); err != nil {
			return &CellError{Cell: i + 1, Cells: len(cells), Err: err}
		}
		r.out.Done++
		if time.Since(r.saved) > saveEvery {
			if err := r.save(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// one runs a cell, and keeps what it shows as it comes.
func (r *run) one(ctx context.Context, cell map[string]any) error {
	kept := outputs{shown: r.shown}
	got, err := r.kernel.Run(ctx, source(cell), kept.add)
	if err != nil && got.Err == nil { // what nobody could show
		kept.add(failure(err))
	}
	cell["outputs"] = kept.all()
	if got.Count > 0 {
		cell["execution_count"] = got.Count
	}
	trust(cell)
	if err == nil && got.Err != nil && !slices.Contains(tags(cell), "raises-exception") {
		return got.Err
	}
	return err
}

// trust marks outputs as a page does that ran the cell itself. Jupyter would
// else hide what is not plain.
func trust(cell map[string]any) {
	metadata, _ := cell["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		cell["metadata"] = metadata
	}
	metadata["trusted"] = true
}

// failure is the output of code that could not say how it ended.
func failure(err error) Output {
	return Output{Kind: "error", Content: map[string]any{
		"ename": "Stopped", "evalue": err.Error(), "traceback": []any{"Stopped: " + err.Error()},
	}}
}

func (r *run) save(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveLimit)
	defer cancel()
	r.saved = time.Now()
	return r.server.put(ctx, r.out.Copy, r.doc)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if cut := []rune(line); len(cut) > 60 {
		return string(cut[:57]) + "..."
	}
	return line
}
