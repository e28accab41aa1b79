package commands

import (
	"fmt"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func secrets(c *call) error {
	c.modelFlag()
	c.Formats("tabular", "json", "yaml")
	owner := c.Flags.String("owner", "", "Include secrets for the specified owner")
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	return c.read(func(m *state.Model) error {
		views := map[string]any{}
		rows := [][]string{{"ID", "Name", "Owner", "Rotation", "Revision", "Last updated"}}
		for _, id := range sortedNames(m.Secrets) {
			s := m.Secrets[id]
			if *owner != "" && *owner != secretOwner(s) && *owner != s.OwnerKind+"-"+s.Owner {
				continue
			}
			views[id] = secretView(s, s.Latest(), false)
			name := s.Name
			if name == "" {
				name = "-"
			}
			rows = append(rows, []string{id, name, secretOwner(s), rotation(s), fmt.Sprint(s.Latest().Number), s.Updated.UTC().Format(time.RFC3339)})
		}
		if c.Format() != "tabular" {
			return c.Print(views)
		}
		if len(rows) == 1 {
			_, err := fmt.Fprintln(c.Stdout, "ID  Name  Owner  Rotation  Revision  Last updated")
			return err
		}
		_, err := fmt.Fprint(c.Stdout, table(rows))
		return err
	})
}

func secretOwner(s *state.Secret) string {
	if s.OwnerKind == "model" {
		return "<model>"
	}
	return s.Owner
}

func rotation(s *state.Secret) string {
	if s.Rotate == "" {
		return "never"
	}
	return s.Rotate
}

func showSecret(c *call) error {
	c.modelFlag()
	c.Formats("yaml", "json")
	reveal := c.Flags.Bool("reveal", false, "Reveal secret values, applicable to yaml or json formats only")
	revisions := c.Flags.Bool("revisions", false, "Show the secret revisions metadata")
	var number int
	c.Flags.IntVar(&number, "r", 0, "Show a specific secret revision")
	c.Flags.IntVar(&number, "revision", 0, "")
	if err := c.Parse(1, 1, "missing secret URI"); err != nil {
		return err
	}
	if number > 0 && *revisions {
		return cmdline.Usage("specify either --revisions or --revision but not both")
	}
	return c.read(func(m *state.Model) error {
		s, err := findSecret(m, c.Args[0])
		if err != nil {
			return err
		}
		r := s.Latest()
		if number > 0 {
			if r = s.Revision(number); r == nil {
				return fmt.Errorf("secret %q revision %d not found", s.ID, number)
			}
		}
		view := secretView(s, r, *reveal)
		if *revisions {
			view["revisions"] = revisionViews(s)
		}
		return c.Print(map[string]any{s.ID: view})
	})
}

func secretView(s *state.Secret, r *state.Revision, reveal bool) map[string]any {
	view := map[string]any{"revision": r.Number, "owner": secretOwner(s),
		"created": s.Created.UTC().Format(time.RFC3339), "updated": s.Updated.UTC().Format(time.RFC3339)}
	for key, value := range map[string]string{"name": s.Name, "label": s.Label, "description": s.Description, "rotation": s.Rotate} {
		if value != "" {
			view[key] = value
		}
	}
	if !s.RotateAt.IsZero() {
		view["rotates"] = s.RotateAt.UTC().Format(time.RFC3339)
	}
	if !r.Expire.IsZero() {
		view["expires"] = r.Expire.UTC().Format(time.RFC3339)
	}
	var access []map[string]any
	for _, g := range s.Grants {
		scope := "model"
		if g.Relation >= 0 {
			scope = fmt.Sprintf("relation-%d", g.Relation)
		}
		access = append(access, map[string]any{"target": g.Target, "scope": scope, "role": "view"})
	}
	if access != nil {
		view["access"] = access
	}
	if reveal {
		view["content"] = map[string]any{"Data": r.Content}
	}
	return view
}

func revisionViews(s *state.Secret) []map[string]any {
	var views []map[string]any
	for _, r := range s.Revisions {
		view := map[string]any{"revision": r.Number, "backend": "internal",
			"created": r.Created.UTC().Format(time.RFC3339), "updated": r.Created.UTC().Format(time.RFC3339)}
		if !r.Expire.IsZero() {
			view["expires"] = r.Expire.UTC().Format(time.RFC3339)
		}
		views = append(views, view)
	}
	return views
}
