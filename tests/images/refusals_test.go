//go:build integration

package images_test

import (
	"strings"
	"testing"
)

func TestRefusesWhatCannotWork(t *testing.T) {
	for _, test := range []struct{ choice, want string }{
		{"SPARK_VERSION=2.4.4", "cannot build Spark 2.4.4 with Hadoop 3.4.1: its Hive knows Hadoop 2 only"},
		{"SPARK_VERSION=2.4.4 HADOOP_VERSION=2.8.5 JAVA_MAJOR=17", "cannot build Spark 2.4.4 on Java 17: it runs on Java 8 only"},
		{"SPARK_VERSION=3.1.3", "before 3.2, Spark brings all of Hadoop"},
		{"SPARK_VERSION=3.5", "cannot build Spark 3.5: SPARK_VERSION is three numbers"},
		{"SPARK_VERSION=4.3.0 JAVA_MAJOR=11", "cannot build Spark 4.3.0 on Java 11: it runs on Java 17, 21, 25"},
		{"SPARK_VERSION=3.2.4", "cannot build Spark 3.2.4 on Java 17: it runs on Java 8, 11"},
		{"HADOOP_VERSION=3.2.4", "Spark wants the shaded client (hadoop-client-api, hadoop-client-runtime) of Hadoop 3.3 or later"},
		{"HADOOP_VERSION=3.4.99", "no such Hadoop is known here"},
		{"HADOOP_VERSION=3.5.0 JAVA_MAJOR=11", "from 3.5 on, Hadoop runs on Java 17 or later"},
		{"S3A=maybe", "cannot build with S3A=maybe: it is yes or no"},
		{"SPARK_VERSION=3.3.4", "which has Python 3.11: its pickler runs on 3.10 or older"},
		{"REQUIREMENTS=/none", "cannot read REQUIREMENTS=/none"},
	} {
		_, printed, err := build(t, strings.Fields(test.choice)...)
		if err == nil || !strings.Contains(printed, test.want) || strings.Contains(printed, "==> building") {
			t.Errorf("%s: got %v and %q\nwant a refusal that says %q", test.choice, err, printed, test.want)
		}
	}
}
