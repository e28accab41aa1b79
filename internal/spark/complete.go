package spark

// Any tells whether a version is known.
func (f Facts) Any() bool {
	return f.Spark.Known() || f.Scala.Known() || f.Hadoop.Known() || f.Python.Known() || f.Java.Known()
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
