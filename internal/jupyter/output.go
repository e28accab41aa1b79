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

// CodeError is an exception that code raised.
type CodeError struct {
	Name, Value string
}

func (e *CodeError) Error() string { return fmt.Sprintf("%s: %s", e.Name, e.Value) }

// raisedIn is the exception that a reply tells of, nil for none.
func raisedIn(reply message) *CodeError {
	if reply.text("status") != "error" {
		return nil
	}
	return &CodeError{Name: reply.text("ename"), Value: reply.text("evalue")}
}
