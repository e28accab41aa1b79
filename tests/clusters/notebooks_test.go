//go:build clusters

package clusters_test

import (
	"regexp"
	"testing"
)

// The examples, each from top to bottom on the cluster that it is about, from
// where the image puts it, and with what the charm configures only.
func TestExamplesRunOnTheirClusters(t *testing.T) {
	for _, test := range []struct {
		name, service string
		build         string
		settings      func(env map[string]string) (lines string, args []string)
		want          []string
	}{
		{"spark-standalone", "standalone", "S3A=no", func(env map[string]string) (string, []string) {
			return "spark.master " + env["SPARK_MASTER"], nil
		}, []string{`on spark://10`, `the work: \['cluster-`, `pi is roughly 3\.1`, `0\|200000\| *0\.[45]`, `proxy/4040/jobs/`}},
		{"spark-yarn-hdfs", "yarn", "S3A=no", func(env map[string]string) (string, []string) {
			return "spark.master yarn\nspark.yarn.jars " + env["SPARK_YARN_JARS"], hadoop(env)
		}, []string{`on yarn as application_`, `the cluster: Python \['3\.`, `to hdfs://`, `\| *12\| *[0-9]`, `examples/sales/_SUCCESS`, `Deleted .*examples/sales`}},
		{"spark-connect", "connect", "S3A=no", func(env map[string]string) (string, []string) {
			return "", []string{"-e", "SPARK_REMOTE=" + env["SPARK_REMOTE"]}
		}, []string{`the server has Spark 3`, `0\|200000\| *0\.[45]`, `pi is roughly 3\.1`, `even\| *500`, `\[(NOT_IMPLEMENTED|JVM_ATTRIBUTE_NOT_SUPPORTED)\]`}},
		{"s3", "s3", "S3A=yes", func(env map[string]string) (string, []string) {
			return "", append(hadoop(env), "-e", "S3_BUCKET="+env["S3_BUCKET"])
		}, []string{`100000 rows in \d+ objects, the first s3a://`, `month=3/`, `removed: True`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := up(t, test.service)
			lines, args := test.settings(env)
			container := start(t, ours(t, test.build), env, lines+"\n", args...)
			const execute = "cd /tmp && enter jupyter nbconvert --to notebook --execute --ExecutePreprocessor.timeout=600 --stdout /home/jupyter/work/examples/"
			got := must(t, "docker", "exec", "-e", "LD_PRELOAD=", container, "sh", "-c", execute+test.name+".ipynb")
			for _, want := range test.want {
				if !regexp.MustCompile(want).MatchString(got) {
					t.Errorf("it does not say %s, but\n%s", want, got)
				}
			}
		})
	}
}

// hadoop gives a container the cluster's Hadoop configuration.
func hadoop(env map[string]string) []string {
	return []string{"-v", env["HADOOP_CONF"] + ":/etc/hadoop/conf:ro", "-e", "HADOOP_CONF_DIR=/etc/hadoop/conf"}
}
