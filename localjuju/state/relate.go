package state

import (
	"fmt"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/charmfile"
)

// Integrate relates two applications, each named as APP or APP:ENDPOINT.
func (m *Model) Integrate(one, two string, now time.Time) (*Relation, error) {
	a, b, err := m.pair(one, two)
	if err != nil {
		return nil, err
	}
	if m.findRelation(a, b) != nil {
		return nil, fmt.Errorf("cannot add relation %q: relation already exists", a.App+":"+a.Name+" "+b.App+":"+b.Name)
	}
	if a.Role == "provider" {
		a, b = b, a // Juju names the requirer first
	}
	return m.addRelation([]Endpoint{a, b}, now), nil
}

func (m *Model) addRelation(ends []Endpoint, now time.Time) *Relation {
	r := &Relation{ID: m.Next.Relation, Life: Alive, Endpoints: ends, Created: now,
		AppData: map[string]*Bag{}, UnitData: map[string]*Bag{}, InScope: map[string]bool{}}
	m.Next.Relation++
	m.Relations[r.ID] = r
	return r
}

func (m *Model) findRelation(a, b Endpoint) *Relation {
	for _, id := range m.RelationIDs() {
		r := m.Relations[id]
		if r.IsPeer() {
			continue
		}
		x, y := r.Side(a.App), r.Side(b.App)
		if x != nil && y != nil && x.Name == a.Name && y.Name == b.Name {
			return r
		}
	}
	return nil
}

// FindRelation finds the relation between APP[:ENDPOINT] and APP[:ENDPOINT].
func (m *Model) FindRelation(one, two string) (*Relation, error) {
	var found []*Relation
	for _, id := range m.RelationIDs() {
		r := m.Relations[id]
		if !r.IsPeer() && ((r.Endpoints[0].is(one) && r.Endpoints[1].is(two)) || (r.Endpoints[0].is(two) && r.Endpoints[1].is(one))) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("relation %q not found", one+" "+two)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("ambiguous relation %q: name the endpoints", one+" "+two)
}

func (e Endpoint) is(name string) bool { return name == e.App || name == e.App+":"+e.Name }

// pair finds the two endpoints that fit.
func (m *Model) pair(one, two string) (a, b Endpoint, err error) {
	left, err := m.endpoints(one)
	if err != nil {
		return a, b, err
	}
	right, err := m.endpoints(two)
	if err != nil {
		return a, b, err
	}
	var found [][2]Endpoint
	var texts []string
	for _, l := range left {
		for _, r := range right {
			if l.fits(r) {
				found = append(found, [2]Endpoint{l, r})
				texts = append(texts, fmt.Sprintf("%q", l.App+":"+l.Name+" "+r.App+":"+r.Name))
			}
		}
	}
	switch len(found) {
	case 0:
		return a, b, fmt.Errorf("no relations found")
	case 1:
		a, b = found[0][0], found[0][1]
	default:
		return a, b, fmt.Errorf("ambiguous relation: %q could refer to %s", one+" "+two, strings.Join(texts, "; "))
	}
	return a, b, m.checkLimit(a, b)
}

func (e Endpoint) fits(other Endpoint) bool {
	return e.App != other.App && e.Interface == other.Interface &&
		((e.Role == "provider" && other.Role == "requirer") || (e.Role == "requirer" && other.Role == "provider"))
}

func (m *Model) checkLimit(ends ...Endpoint) error {
	for _, e := range ends {
		n := 0
		for _, r := range m.Relations {
			if side := r.Side(e.App); side != nil && side.Name == e.Name {
				n++
			}
		}
		if e.Limit > 0 && n >= e.Limit {
			return fmt.Errorf("establishing a new relation for %s:%s would exceed its maximum relation limit of %d", e.App, e.Name, e.Limit)
		}
	}
	return nil
}

func (m *Model) endpoints(name string) ([]Endpoint, error) {
	app, endpoint, _ := strings.Cut(name, ":")
	a, err := m.App(app)
	if err != nil {
		return nil, err
	}
	if a.Life != Alive {
		return nil, fmt.Errorf("application %q is not alive", app)
	}
	all := a.Endpoints()
	if endpoint == "" {
		return all, nil
	}
	for _, e := range all {
		if e.Name == endpoint {
			return []Endpoint{e}, nil
		}
	}
	return nil, fmt.Errorf("application %q has no %q relation", app, endpoint)
}

// Endpoints are the application's endpoints, peers apart.
func (a *Application) Endpoints() []Endpoint {
	var all []Endpoint
	add := func(role string, ends map[string]charmfile.Endpoint) {
		for name, e := range ends {
			if e.Scope != "container" {
				all = append(all, Endpoint{App: a.Name, Name: name, Role: role, Interface: e.Interface, Limit: e.Limit})
			}
		}
	}
	add("provider", a.Charm.Meta.Provides)
	add("requirer", a.Charm.Meta.Requires)
	return all
}

// Refresh gives the application another charm of the same name. Options that the
// new one lacks, or has with another type, are forgotten.
func (m *Model) Refresh(a *Application, charm *charmfile.Charm, file string) error {
	if charm.Meta.Name != a.Charm.Meta.Name {
		return fmt.Errorf("cannot refresh %q to charm %q: it runs %q", a.Name, charm.Meta.Name, a.Charm.Meta.Name)
	}
	for _, r := range m.Relations {
		if side := r.Side(a.Name); side != nil && !charm.HasEndpoint(side.Name, side.Interface) {
			return fmt.Errorf("cannot refresh application %q: would break relation %q", a.Name, r.Key())
		}
	}
	for key, value := range a.Config {
		option, ok := charm.Options[key]
		if ok {
			_, err := option.Check(key, value)
			ok = err == nil
		}
		if !ok {
			delete(a.Config, key)
		}
	}
	a.Charm, a.CharmFile, a.CharmRev = charm, file, m.nextCharm(charm.Meta.Name)
	a.CharmEpoch++
	return nil
}
