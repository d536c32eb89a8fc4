package kubectl

import (
	"strings"

	"github.com/spf13/pflag"
)

// addRecord declares --record, which kubectl has deprecated and people still
// type: it keeps the command in the change-cause annotation.
func addRecord(f *pflag.FlagSet) {
	f.Bool("record", false, "Record current kubectl command in the resource annotation. If set to false, do not record the command. If set to true, record the command. If not set, default to updating the existing annotation value only if one already exists.")
	if err := f.MarkDeprecated("record", "--record will be removed in the future"); err != nil {
		panic(err) // it was declared above
	}
}

// record notes the command in obj's annotations where --record asks for it.
func (c *call) record(obj *object) {
	if on, err := c.flags.GetBool("record"); err != nil || !on {
		return
	}
	flags := commandFlags(c.cmd)
	flags.SetOutput(discard{})
	text := ""
	err := flags.ParseAll(c.raw, func(f *pflag.Flag, value string) error {
		text += " --" + f.Name + "=" + value
		return nil
	})
	if err == nil {
		words := append([]string{"kubectl"}, flags.Args()...)
		annotate(obj, changeCauseAnnotation, strings.Join(words, " ")+text)
	}
}

// recordPatch notes the command in an object that has been changed already.
func (c *call) recordPatch(i *info) error {
	noted := i.obj.DeepCopy()
	c.record(noted)
	fields := mergeDiff(i.obj.Object, noted.Object)
	if len(fields) == 0 {
		return nil
	}
	body, err := encode(fields)
	if err != nil {
		return err
	}
	_, err = c.fetch(wire{method: "PATCH", path: i.path(), contentType: mergeType, body: body})
	return err
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// errWriter lets pflag write where the command writes its errors.
type errWriter struct{ c *call }

func (w errWriter) Write(p []byte) (int, error) {
	w.c.err(string(p))
	return len(p), nil
}
