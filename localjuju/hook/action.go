package hook

import (
	"errors"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// ErrNoAction is what the action tools say in a hook.
var ErrNoAction = errors.New("not running an action")

func (c *Context) task(s Scene) (*state.Task, error) {
	if t := s.Model.Tasks[c.TaskID]; t != nil && c.TaskID != "" {
		return t, nil
	}
	return nil, ErrNoAction
}

// Params are the action's parameters, with the schema's defaults.
func (c *Context) Params() (params map[string]any, err error) {
	err = c.read(func(s Scene) error {
		t, err := c.task(s)
		if err == nil {
			params = t.Params
		}
		return err
	})
	return params, err
}

// SetResult keeps one result; the key's dots nest it.
func (c *Context) SetResult(key, value string) error {
	if c.TaskID == "" {
		return ErrNoAction
	}
	if c.results == nil {
		c.results = map[string]any{}
	}
	at := c.results
	words := strings.Split(key, ".")
	for _, word := range words[:len(words)-1] {
		inner, ok := at[word].(map[string]any)
		if !ok {
			inner = map[string]any{}
			at[word] = inner
		}
		at = inner
	}
	at[words[len(words)-1]] = value
	return nil
}

// Fail marks the action as failed.
func (c *Context) Fail(message string) error {
	if c.TaskID == "" {
		return ErrNoAction
	}
	c.failed, c.failMessage = true, message
	return nil
}

// LogProgress adds a line to the action's log, at once.
func (c *Context) LogProgress(message string) error {
	return c.change(func(s Scene) error {
		t, err := c.task(s)
		if err == nil {
			t.Log = append(t.Log, state.TaskLog{Time: c.Now(), Message: message})
		}
		return err
	})
}

// Outcome is what the action's run came to: its results, and whether and why it
// said that it failed.
func (c *Context) Outcome() (results map[string]any, failed bool, message string) {
	results = c.results
	if results == nil {
		results = map[string]any{}
	}
	return results, c.failed, c.failMessage
}
