// Package spark knows what Spark in a notebook needs: which versions fit which
// cluster, which ports executors call back, and the configuration that says so.
// It is pure.
package spark

// Fact is one thing that is known of an image or a cluster, such as a version,
// and where it was read. The zero Fact is not known.
type Fact struct {
	Value  string `json:"value,omitempty"`
	Source string `json:"source,omitempty"` // "jars/spark-core_2.12-3.5.6.jar", "option cluster-versions"
}

// Known reports whether there is a value.
func (f Fact) Known() bool { return f.Value != "" }

// Facts are the versions of an image or a cluster, as they were read:
// "3.5.6-amzn-1" stays so until it is compared.
type Facts struct {
	Spark   Fact `json:"spark"`
	Scala   Fact `json:"scala"` // whole or its first two parts
	Hadoop  Fact `json:"hadoop"`
	Python  Fact `json:"python"`
	Java    Fact `json:"java"` // "17.0.15" or "1.8.0_504"
	Jupyter Fact `json:"jupyter"`
	PySpark Fact `json:"pyspark"` // the Python package, where it is not Spark's own
	BuildID Fact `json:"buildID"` // of our image family; driver and executor carry the same
	// ConnectLacks are the Python packages that a client of Spark Connect needs
	// and that the image does not have.
	ConnectLacks []string `json:"connectLacks,omitempty"`
}

// Installation is what was found in an image.
type Installation struct {
	Facts
	Home     string `json:"home"`     // the directory of Spark that the notebook's Python uses, "" for none
	Defaults string `json:"defaults"` // text of its spark-defaults.conf, "" for none
	// DefaultsPath is where Spark reads that file, also when there is none yet.
	DefaultsPath string            `json:"defaultsPath"`
	HadoopConf   map[string]string `json:"hadoopConf,omitempty"` // files *-site.xml in the image's own HADOOP_CONF_DIR, by name
}
