package charm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// checkSpark tells every fact and every rule of the notebook's Spark and the
// cluster, whatever version-check says, and fails when they do not match.
func (c *Charm) checkSpark(ctx context.Context) error {
	in, err := c.Gather()
	if err != nil {
		return err
	}
	spec, err := c.design(in)
	if err != nil {
		return err
	}
	o, err := c.observe(ctx, spec)
	if err != nil {
		return err
	}
	image, id := spec.Serve.Image, o.Image.ID()
	now := o.Slots[plan.Serving(o)]
	if now != nil && (id == "" || image == now.Serve.Image) {
		image, id = now.Serve.Image, now.ImageID
	}
	if id == "" {
		return errors.New("cannot look into the image: it is not on this machine yet")
	}
	c.progress("looking into " + image)
	found, err := c.inventory(ctx, id, spec.Serve.Environment)
	if err != nil {
		return err
	}
	c.progress("asking " + spec.Spark.Target.String())
	m, err := c.compare(ctx, spec, found)
	if err != nil {
		return err
	}
	results := map[string]string{"image": image, "cluster": spec.Spark.Target.String(), "report": m.Report.Table()}
	maps.Copy(results, m.Report.Map())
	if now != nil && now.Serve.Image != image {
		results["serving-image"] = now.Serve.Image // it was not compared
	}
	var reach []string
	for _, r := range m.Reach {
		reach = append(reach, r.String())
	}
	for name, lines := range map[string][]string{"reach": reach, "notes": m.Notes, "warnings": append(m.Warnings, m.Report.Doubts())} {
		lines = slices.DeleteFunc(lines, func(line string) bool { return line == "" })
		if len(lines) > 0 {
			results[name] = strings.Join(lines, "\n")
		}
	}
	if err := c.tools.SetResults(results); err != nil {
		return err
	}
	if line := m.line(); line != "" {
		return fmt.Errorf("the image does not match: %s", line)
	}
	return nil
}
