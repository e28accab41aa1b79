package spark

// Any reports whether a version is known.
func (f Facts) Any() bool {
	return f.Spark.Known() || f.Scala.Known() || f.Hadoop.Known() || f.Python.Known() || f.Java.Known()
}

// In are the facts with the name of the image that they were read in.
func (f Facts) In(image string) Facts {
	for _, fact := range []*Fact{&f.Spark, &f.Scala, &f.Hadoop, &f.Python, &f.Java, &f.Jupyter, &f.PySpark, &f.BuildID} {
		if fact.Known() {
			fact.Source = image + ", " + fact.Source
		}
	}
	return f
}

// Complete is what is known of a cluster: what it was asked for, else what the
// operator gave.
func Complete(asked, given Facts) Facts {
	for _, pair := range []struct{ to, from *Fact }{
		{&asked.Spark, &given.Spark}, {&asked.Scala, &given.Scala}, {&asked.Hadoop, &given.Hadoop},
		{&asked.Python, &given.Python}, {&asked.Java, &given.Java},
	} {
		if !pair.to.Known() {
			*pair.to = *pair.from
		}
	}
	return asked
}
