package state

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

var (
	appName   = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*$`)
	modelName = regexp.MustCompile(`^[a-z0-9]+[a-z0-9-]*$`)
	secretKey = regexp.MustCompile(`^[a-z]([a-z0-9-]+)[a-z0-9]$`)
)

// AppOf is the application part of a unit's name; "" if it is not one.
func AppOf(unit string) string {
	app, number, ok := strings.Cut(unit, "/")
	if _, err := strconv.Atoi(number); !ok || err != nil {
		return ""
	}
	return app
}

// NumberOf is the number of a unit, machine or storage: what follows the slash.
func NumberOf(id string) int {
	n, _ := strconv.Atoi(id[strings.LastIndex(id, "/")+1:])
	return n
}

// App finds an application.
func (m *Model) App(name string) (*Application, error) {
	if a := m.Apps[name]; a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("application %q not found", name)
}

// Unit finds a unit and its application; APP/leader names the leader.
func (m *Model) Unit(name string) (*Application, *Unit, error) {
	app, isLeader := strings.CutSuffix(name, "/leader")
	if !isLeader {
		app = AppOf(name)
	}
	a := m.Apps[app]
	if a == nil {
		return nil, nil, fmt.Errorf("unit %q not found", name)
	}
	if isLeader {
		if name = a.Leader; name == "" {
			return nil, nil, fmt.Errorf("could not determine leader for %q", app)
		}
	}
	u := a.Units[name]
	if u == nil {
		return nil, nil, fmt.Errorf("unit %q not found", name)
	}
	return a, u, nil
}

// UnitNames are the units in the order of their numbers.
func (a *Application) UnitNames() []string { return ByNumber(slices.Collect(maps.Keys(a.Units))) }

// ByNumber sorts names such as app/2, data/10 or 3 by word, then number.
func ByNumber(names []string) []string {
	sort.Slice(names, func(i, j int) bool {
		wi, wj := word(names[i]), word(names[j])
		if wi != wj {
			return wi < wj
		}
		return NumberOf(names[i]) < NumberOf(names[j])
	})
	return names
}

func word(id string) string {
	if i := strings.LastIndex(id, "/"); i >= 0 {
		return id[:i]
	}
	return ""
}

// AppNames are the applications in the order of the alphabet.
func (m *Model) AppNames() []string { return slices.Sorted(maps.Keys(m.Apps)) }

// RelationIDs are the relations in the order of their numbers.
func (m *Model) RelationIDs() []int { return slices.Sorted(maps.Keys(m.Relations)) }

// Side is the application's own end of the relation; nil if it has none.
func (r *Relation) Side(app string) *Endpoint {
	for i := range r.Endpoints {
		if r.Endpoints[i].App == app {
			return &r.Endpoints[i]
		}
	}
	return nil
}

// Remote is the other end; in a peer relation the same.
func (r *Relation) Remote(app string) *Endpoint {
	if len(r.Endpoints) == 2 && r.Endpoints[0].App == app {
		return &r.Endpoints[1]
	}
	return &r.Endpoints[0]
}

// IsPeer tells a peer relation.
func (r *Relation) IsPeer() bool { return len(r.Endpoints) == 1 }

// Key is the relation in words: "a:x b:y", the provider last, or "a:peers".
func (r *Relation) Key() string {
	var ends []string
	for _, e := range r.Endpoints {
		ends = append(ends, e.App+":"+e.Name)
	}
	return strings.Join(ends, " ")
}

// Members are the remote units in scope that the unit sees, in order.
func (r *Relation) Members(unit string) []string {
	var names []string
	remote := r.Remote(AppOf(unit)).App
	for name, in := range r.InScope {
		if in && name != unit && AppOf(name) == remote {
			names = append(names, name)
		}
	}
	return ByNumber(names)
}

// App is the databag of an application; it is made where there is none.
func (r *Relation) App(app string) *Bag { return bag(r.AppData, app) }

// Unit is the databag of a unit; it is made where there is none.
func (r *Relation) Unit(unit string) *Bag { return bag(r.UnitData, unit) }

func bag(bags map[string]*Bag, name string) *Bag {
	if bags[name] == nil {
		bags[name] = &Bag{Values: map[string]string{}}
	}
	return bags[name]
}

// Update sets keys, and deletes those whose value is empty. It tells whether
// that changed anything.
func (b *Bag) Update(values map[string]string) bool {
	before := maps.Clone(b.Values)
	for k, v := range values {
		if v == "" {
			delete(b.Values, k)
		} else {
			b.Values[k] = v
		}
	}
	if maps.Equal(before, b.Values) {
		return false
	}
	b.Version++
	return true
}
