# shellcheck shell=bash disable=SC2154 # what is not set here is set by build.sh
# Sourced by build.sh: which Spark, Hadoop, Java and Python cannot go together, and why.

hadoops='3.3.0 3.3.1 3.3.2 3.3.3 3.3.4 3.3.5 3.3.6 3.4.0 3.4.1 3.4.2 3.4.3 3.5.0'

# older A B: whether version A comes before version B.
older() { [ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

has_word() { [[ " $1 " = *" $2 "* ]]; }

# check_pair SPARK HADOOP JAVA RECIPE S3A ends the build with the reason why it cannot work, if there is one.
check_pair() {
	local what="build Spark $1 with Hadoop $2 on Java $3" version='^[0-9]+\.[0-9]+\.[0-9]+$'
	[[ $1 =~ $version ]] || die "build Spark $1: SPARK_VERSION is three numbers, as 3.5.6"
	[[ $2 =~ $version ]] || die "build with Hadoop $2: HADOOP_VERSION is three numbers, as 3.4.1"
	has_word 'yes no' "$5" || die "build with S3A=$5: it is yes or no"
	[ -e "$here/$4/Dockerfile" ] || die "build by RECIPE=$4: images/$4 has no Dockerfile"
	if [[ $1 = 2.* ]]; then check_spark2 "$@"; return; fi
	[ "$4" != spark2 ] || die "$what by RECIPE=spark2: that is Spark 2.4's"
	older "$1" 3.2.0 && die "$what: before 3.2, Spark brings all of Hadoop, not the shaded client alone, which is what is exchanged here"
	older "$2" 3.3.0 && die "$what: from 3.2 on, Spark wants the shaded client (hadoop-client-api, hadoop-client-runtime) of Hadoop 3.3 or later"
	has_word "$hadoops" "$2" || die "$what: no such Hadoop is known here; known are $hadoops (images/pairs.sh)"
	check_java "$1" "$2" "$3"
}

check_spark2() { # as check_pair
	[[ $1 = 2.4.* ]] || die "build Spark $1: of Spark 2, images/spark2 makes 2.4 only"
	[[ $2 = 2.* ]] || die "build Spark $1 with Hadoop $2: its Hive knows Hadoop 2 only; HADOOP_VERSION=2.8.5 is emr-5.27.0's"
	[ "$3" = 8 ] || die "build Spark $1 on Java $3: it runs on Java 8 only (JAVA_MAJOR=8)"
	[ "$4" = spark2 ] || die "build Spark $1 by RECIPE=$4: it brings all of Hadoop, which RECIPE=spark2 exchanges"
	[ "$5" = no ] || die "build Spark $1 with S3A=yes: images/spark2 has no such choice"
}

check_java() { # SPARK HADOOP JAVA
	local runs='8 11 17'
	older "$1" 3.3.0 && runs='8 11'
	older "$1" 4.0.0 || runs='17 21'
	older "$1" 4.2.0 || runs='17 21 25'
	has_word "$runs" "$3" || die "build Spark $1 on Java $3: it runs on Java ${runs// /, } (JAVA_MAJOR)"
	# Its classes are Java 17's.
	if [ "$3" -lt 17 ] && ! older "$2" 3.5.0; then die "build with Hadoop $2 on Java $3: from 3.5 on, Hadoop runs on Java 17 or later"; fi
}

# base_python prints the minor version of the Python that $base has or will get; nothing when that cannot be told.
base_python() {
	local found
	# shellcheck disable=SC2016 # the image's shell expands it
	found=$(in_image "$base" sh -c '. /etc/os-release; python3 -V 2>/dev/null || echo "$VERSION_CODENAME"')
	case $found in
	'Python '*) cut -d' ' -f2 <<<"$found" | cut -d. -f1,2 ;;
	focal) echo 3.8 ;;
	bullseye) echo 3.9 ;;
	jammy) echo 3.10 ;;
	bookworm) echo 3.11 ;;
	noble) echo 3.12 ;;
	trixie) echo 3.13 ;;
	esac
}

# check_python SPARK MINOR: the oldest is Spark's own word. Of the newest, Spark 3.3 fails
# at its first lambda on 3.11; 3.5 itself runs on 3.13, but our requirements have no NumPy for it.
check_python() {
	local what="build Spark $1 on $base, which has Python $2" first=3.7
	[ -n "$2" ] || return 0
	older "$1" 3.5.0 || first=3.8
	older "$1" 4.0.0 || first=3.9
	older "$1" 4.1.0 || first=3.10
	older "$2" "$first" && die "$what: it runs on $first or later (BASE_IMAGE)"
	if older "$1" 3.4.0 && ! older "$2" 3.11; then die "$what: its pickler runs on 3.10 or older (BASE_IMAGE)"; fi
	if older "$1" 4.0.0 && ! older "$2" 3.13 && [ -z "${REQUIREMENTS:-}" ]; then
		die "$what: the NumPy before 2 that it wants has nothing later than 3.12 (BASE_IMAGE, or other REQUIREMENTS)"
	fi
}
