package apiextensions

import (
	"encoding/base64"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

// plainFormat is a format's name without dashes, which do not count.
func plainFormat(name string) string { return strings.ReplaceAll(name, "-", "") }

// unchecked are formats that are known and take anything here.
const unchecked = " bsonobjectid creditcard isbn isbn10 isbn13 ssn rgbcolor password "

// isKnown tells whether upstream knows a format of a type
// (pkg/apiserver/validation/formats.go).
func isKnown(format, kind string) bool {
	switch kind {
	case "", "string":
		_, checked := formats[plainFormat(format)]
		return checked || strings.Contains(unchecked, " "+plainFormat(format)+" ")
	case "integer":
		return format == "int32" || format == "int64"
	case "number":
		return format == "float" || format == "double"
	}
	return false
}

// isChecked tells whether a format counts for validation.
func isChecked(format, kind string) bool { return format != "" && isKnown(format, kind) }

var formats = map[string]func(string) bool{
	"datetime": isDateTime,
	"date":     func(s string) bool { _, err := time.Parse(time.DateOnly, s); return err == nil },
	"duration": isDuration,
	"ipv4":     func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is4() },
	"ipv6":     func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is6() },
	"cidr":     func(s string) bool { _, err := netip.ParsePrefix(s); return err == nil },
	"uri":      func(s string) bool { _, err := url.ParseRequestURI(s); return err == nil },
	"byte":     isBase64,
	"email":    matching(`^[^@\s<>]+@[^@\s<>]+$`),
	"mac":      matching(`^(?i)([0-9a-f]{2}([:-][0-9a-f]{2}){5}(([:-][0-9a-f]{2}){2})?|[0-9a-f]{4}(\.[0-9a-f]{4}){2,3})$`),
	"hexcolor": matching(`^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`),
	"uuid":     uuid("[0-9a-f]", "[0-9a-f]"),
	"uuid3":    uuid("3", "[0-9a-f]"),
	"uuid4":    uuid("4", "[89ab]"),
	"uuid5":    uuid("5", "[89ab]"),
	"hostname": func(s string) bool {
		return len(s) <= 255 && len(validation.IsDNS1123Subdomain(strings.ToLower(s))) == 0
	},
	"k8sshortname": func(s string) bool { return len(validation.IsDNS1123Label(s)) == 0 },
	"k8slongname":  func(s string) bool { return len(validation.IsDNS1123Subdomain(s)) == 0 },
}

func matching(pattern string) func(string) bool {
	var r *regexp.Regexp
	return func(s string) bool {
		if r == nil {
			r = regexp.MustCompile(pattern)
		}
		return r.MatchString(s)
	}
}

func uuid(version, variant string) func(string) bool {
	return matching(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?` + version + `[0-9a-f]{3}-?` + variant + `[0-9a-f]{3}-?[0-9a-f]{12}$`)
}

func isBase64(s string) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil
}

func isDateTime(s string) bool {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999"} {
		if _, err := time.Parse(layout, strings.ToUpper(s)); err == nil {
			return true
		}
	}
	return false
}

// isDuration takes Go's durations and those in words: 22 ns, 3 weeks.
func isDuration(s string) bool {
	if _, err := time.ParseDuration(s); err == nil {
		return true
	}
	number, unit, _ := strings.Cut(strings.TrimSpace(s), " ")
	_, err := strconv.ParseFloat(number, 64)
	const units = " ns nanosecond us microsecond ms millisecond s sec second min minute h hr hour d day w week "
	return err == nil && strings.Contains(units, " "+strings.TrimSuffix(strings.TrimSpace(unit), "s")+" ")
}
