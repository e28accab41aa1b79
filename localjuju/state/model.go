package state

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"
)

// AddModel adds an empty model.
func (w *World) AddModel(name string, config map[string]string, now time.Time) (*Model, error) {
	if !modelName.MatchString(name) {
		return nil, fmt.Errorf("%q is not a valid name: model names may only contain lowercase letters, digits and hyphens", name)
	}
	if w.Models[name] != nil {
		return nil, fmt.Errorf("failed to create new model: model %q for admin already exists", name)
	}
	m := &Model{Name: name, UUID: newUUID(), Created: now, Config: map[string]string{},
		Apps: map[string]*Application{}, Machines: map[string]*Machine{}, Relations: map[int]*Relation{},
		Secrets: map[string]*Secret{}, Storage: map[string]*Storage{}, Tasks: map[string]*Task{}}
	if err := m.SetConfig(config, nil); err != nil {
		return nil, err
	}
	w.Models[name] = m
	return m, nil
}

// Model finds a model by [controller:][user/]name; "" is the current one.
func (w *World) Model(name string) (*Model, error) {
	if name == "" {
		name = w.Current
	}
	if name == "" {
		return nil, fmt.Errorf("no model is selected: use \"juju add-model\" or --model")
	}
	name = name[strings.LastIndexAny(name, ":/")+1:]
	if m := w.Models[name]; m != nil {
		return m, nil
	}
	for _, m := range w.Models {
		if m.UUID == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("model localjuju:admin/%s not found", name)
}

func newUUID() string {
	b := make([]byte, 16)
	rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
