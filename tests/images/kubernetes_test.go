//go:build clusters

package images_test

import (
	"fmt"
	"strings"
	"testing"
)

// Kubernetes is not needed to see that what Spark starts there works: a driver
// gives tasks to whatever executor registers. This one's cluster has no other.
func TestExecutorAsSparkOnKubernetesStartsIt(t *testing.T) {
	notebook := ours(t)
	on := network(t)
	on.start("master", sibling(notebook, "spark-executor"), "master")
	args := []string{"--restart", "on-failure"} // until there is a driver
	for _, e := range []string{
		"SPARK_DRIVER_URL=spark://CoarseGrainedScheduler@driver:35000", "SPARK_EXECUTOR_ID=1", "SPARK_EXECUTOR_CORES=2",
		"SPARK_EXECUTOR_MEMORY=512m", "SPARK_APPLICATION_ID=spark-1", "SPARK_CONF_DIR=/opt/spark/conf",
		"SPARK_EXECUTOR_POD_IP=executor", "SPARK_EXECUTOR_POD_NAME=executor", "SPARK_RESOURCE_PROFILE_ID=0",
		"SPARK_JAVA_OPT_0=-Dspark.driver.port=35000", "SPARK_JAVA_OPT_1=-Dsaid=two words",
	} {
		args = append(args, "-e", e)
	}
	// Java 17's, which a driver hands on to its executors on Kubernetes.
	for i, open := range []string{"lang", "lang.invoke", "net", "nio", "util", "util.concurrent"} {
		args = append(args, "-e", fmt.Sprintf("SPARK_JAVA_OPT_%d=--add-opens=java.base/java.%s=ALL-UNNAMED", i+2, open))
	}
	args = append(args, "-e", "SPARK_JAVA_OPT_8=--add-opens=java.base/sun.nio.ch=ALL-UNNAMED")
	on.start("executor", append(args, sibling(notebook, "spark-executor"), "executor")...)
	const program = `
from pyspark.sql import SparkSession
sc = SparkSession.builder.getOrCreate().sparkContext
print("host", set(sc.parallelize(range(4), 4).map(lambda _: __import__("socket").gethostname()).collect()))
`
	printed := on.python(notebook, program, "spark.master=spark://master:7077", "spark.driver.port=35000",
		"spark.driver.bindAddress=0.0.0.0", "spark.driver.host=driver")
	if want := "host {'executor'}"; !strings.Contains(printed, want) {
		t.Errorf("got %s\nwant %q", printed, want)
	}
}
