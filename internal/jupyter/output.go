package jupyter

import "fmt"

// Output is a piece of what code printed.
type Output struct {
	stream, text string
}

func output(m message) (Output, bool) {
	return Output{m.text("name"), m.text("text")}, m.Header.Type == "stream"
}

// Printed is its text.
func (o Output) Printed() string { return o.text }

// Stdout reports whether it was printed to standard output.
func (o Output) Stdout() bool { return o.stream == "stdout" }

// Outcome is how code ended.
type Outcome struct {
	Err *CodeError // nil when it went well
}

func outcome(reply message) (out Outcome) {
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
