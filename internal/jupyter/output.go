package jupyter

import (
	"fmt"
	"slices"
)

// Output is one thing that code showed, as Jupyter's messages tell it.
type Output struct {
	Kind    string // stream, display_data, update_display_data, execute_result, error, clear_output
	Content map[string]any
}

var shown = []string{"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output"}

func output(m message) (Output, bool) {
	return Output{Kind: m.Header.Type, Content: m.Content}, slices.Contains(shown, m.Header.Type)
}

// Printed is the text of a stream, "" for anything else.
func (o Output) Printed() string {
	text, _ := o.Content["text"].(string)
	return text
}

// Stdout tells whether the output was printed to standard output.
func (o Output) Stdout() bool { return o.Kind == "stream" && o.Content["name"] == "stdout" }

// Outcome is how code ended.
type Outcome struct {
	Count int        // its number in the kernel, 0 when it did not end
	Err   *CodeError // nil when it went well
}

func outcome(reply message) Outcome {
	out := Outcome{Count: reply.number("execution_count")}
	if reply.text("status") == "error" {
		out.Err = &CodeError{Name: reply.text("ename"), Value: reply.text("evalue")}
	}
	return out
}

// CodeError is an exception that code raised.
type CodeError struct {
	Name, Value string
}

func (e *CodeError) Error() string { return fmt.Sprintf("%s: %s", e.Name, e.Value) }

// outputs are the outputs of one cell, as a notebook of format 4 keeps them.
type outputs struct {
	list  []any
	clear bool           // before the next one
	shown map[string]any // display_id -> the output that it can change, of all cells
}

// fields are what of a message a notebook keeps: it is refused with more
// (https://nbformat.readthedocs.io/en/latest/format_description.html).
var fields = map[string][]string{
	"stream":         {"name", "text"},
	"display_data":   {"data", "metadata"},
	"execute_result": {"data", "metadata", "execution_count"},
	"error":          {"ename", "evalue", "traceback"},
}

// all are the outputs, of which none is not null.
func (o *outputs) all() []any {
	if o.list == nil {
		return []any{}
	}
	return o.list
}

// add does to the outputs what a notebook's page does.
func (o *outputs) add(out Output) {
	if out.Kind == "clear_output" {
		if o.clear, _ = out.Content["wait"].(bool); !o.clear {
			o.list = nil
		}
		return
	}
	id := displayID(out)
	if out.Kind == "update_display_data" {
		if was, ok := o.shown[id].(map[string]any); ok {
			was["data"], was["metadata"] = out.Content["data"], out.Content["metadata"]
		}
		return
	}
	if o.clear {
		o.list, o.clear = nil, false
	}
	if out.Kind == "stream" && o.join(out) {
		return
	}
	kept := map[string]any{"output_type": out.Kind}
	for _, key := range fields[out.Kind] {
		if value, ok := out.Content[key]; ok {
			kept[key] = value
		}
	}
	o.list = append(o.list, kept)
	if id != "" {
		o.shown[id] = kept
	}
}

// join appends to a stream that is the last output.
func (o *outputs) join(out Output) bool {
	if len(o.list) == 0 {
		return false
	}
	last, _ := o.list[len(o.list)-1].(map[string]any)
	if last["output_type"] != "stream" || last["name"] != out.Content["name"] {
		return false
	}
	text, _ := last["text"].(string)
	last["text"] = text + out.Printed()
	return true
}

func displayID(out Output) string {
	transient, _ := out.Content["transient"].(map[string]any)
	id, _ := transient["display_id"].(string)
	return id
}
