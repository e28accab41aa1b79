package plan

// replace replaces the serving container by one in the other slot. What served
// goes on until the other one was verified, and again where somebody began to
// work meanwhile.
func (c *change) replace(rule Rule, cause string) {
	from := c.serving.Container
	if refused(c.o, c.attempt()) && !c.ask.Apply {
		c.keep()
		return
	}
	c.Cause = cause
	to := c.reusable()
	reused := to != nil
	if !reused {
		to = &Container{Slot: from.Slot.Other()}
	}
	var steps []Step
	for _, left := range c.o.others(c.serving) {
		if left != to {
			steps = append(steps, step(Remove, left, "it is not the notebook that should run"))
		}
	}
	if !reused {
		steps = append(steps, c.candidate(to, cause)...)
	}
	steps = append(steps, c.await(to))
	count := !rule.Any && from.Running
	if count {
		steps = append(steps, recount(from, rule, "nobody may lose work"))
	}
	steps = append(abandoned(to, steps...), step(Flip, to, "%s", cause), step(Drain, from, "requests under way"))
	if count {
		again := recount(from, rule, "somebody may have begun to work meanwhile")
		again.Else = []Step{step(Flip, from, "somebody works in it"), step(Abandon, to, "the gateway was turned back")}
		steps = append(steps, again)
	}
	c.add(append(steps, step(Stop, from, "%s", cause), step(Remove, from, "%s", cause), c.tidy())...)
}

func recount(from *Container, rule Rule, cause string) Step {
	s := step(Recount, from, "%s", cause)
	s.Rule = rule
	return s
}

// reusable is a candidate that an earlier hook left and that is the notebook which
// should run, nil for none. One in which somebody works comes first.
func (c *change) reusable() (found *Container) {
	for _, left := range c.o.others(c.serving) {
		same := left.Hash == c.spec.Serve.Hash() && (c.o.Wanted.ID() == "" || c.o.Wanted.RunsAs(left.ImageID))
		usable := left.Running && !left.Open && left.Slot != c.serving.Slot && broken(c.o, left) == ""
		if same && usable && (found == nil || c.leftover(left) != "") {
			found = left
		}
	}
	return found
}
