package charm

import (
	"context"
	"errors"
	"fmt"
)

// checkSpark shows every fact and every rule of the notebook's Spark and the
// cluster, whatever version-check says, and fails when they do not match.
func (c *Charm) checkSpark(ctx context.Context) error {
	out, err := c.observe(ctx)
	if err != nil {
		return err
	}
	if _, _, err := c.plans(ctx, &out); err != nil {
		return err
	}
	spec, show := out.Spec, c.showing()
	image, id := spec.Serve.Image, out.Observed.Wanted.ID()
	now := out.serving()
	if now.There() && (id == "" || image == now.Serve.Image) {
		image, id = now.Serve.Image, now.ImageID
	}
	if id == "" {
		return errors.New("cannot look into the image: it is not on this machine yet")
	}
	show.say("looking into " + image)
	found, err := c.checker.Inventories.Of(ctx, id, spec.Serve.Environment)
	if err != nil {
		return err
	}
	show.say("asking " + spec.Spark.Target.String())
	verdict, err := c.checker.Judge(ctx, spec.Spark, found)
	if err != nil {
		return err
	}
	results := verdict.Results()
	results["image"] = image
	if now.There() && now.Serve.Image != image {
		results["serving-image"] = now.Serve.Image // it was not compared
	}
	if err := c.Tools.SetResults(results); err != nil {
		return err
	}
	if line := verdict.Mismatch(); line != "" {
		return fmt.Errorf("the image does not match: %s", line)
	}
	return nil
}
