package kubectl

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
)

var (
	// errLater is returned by a command that will call finish itself.
	errLater = errors.New("later")
	// errExit ends a command with 1 and no further word.
	errExit = errors.New("exit")
)

// exitError ends a command with a message of its own and an exit code.
type exitError struct {
	message string
	code    int
}

func (e *exitError) Error() string { return e.message }

// report writes an error in kubectl's words and returns the exit code
// (pkg/cmd/util/helpers.go).
func (c *call) report(err error) int {
	if agg, ok := err.(utilerrors.Aggregate); ok && len(agg.Errors()) == 1 {
		err = agg.Errors()[0]
	}
	if err == nil {
		return 0
	}
	if err == errExit {
		return 1
	}
	code, text := 1, ""
	switch e := err.(type) {
	case *exitError:
		code, text = e.code, e.message
	case utilerrors.Aggregate:
		for _, one := range e.Errors() {
			text += messageFor(one) + "\n"
		}
	default:
		text = errorText(err)
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	c.err(text)
	return code
}

func errorText(err error) string {
	var status *apierrors.StatusError
	if s, ok := err.(*apierrors.StatusError); ok {
		status = s
	}
	if status != nil && status.ErrStatus.Reason == metav1.StatusReasonInvalid {
		return invalidText(status.ErrStatus)
	}
	if status != nil {
		return messageFor(err)
	}
	text := err.Error()
	if !strings.HasPrefix(text, "error: ") {
		text = "error: " + text
	}
	return text
}

func messageFor(err error) string {
	status, ok := err.(*apierrors.StatusError)
	if !ok {
		return err.Error()
	}
	switch s := status.ErrStatus; {
	case s.Reason == metav1.StatusReasonUnauthorized:
		return fmt.Sprintf("error: You must be logged in to the server (%s)", s.Message)
	case s.Reason != "":
		return fmt.Sprintf("Error from server (%s): %s", s.Reason, s.Message)
	default:
		return fmt.Sprintf("Error from server: %s", s.Message)
	}
}

func invalidText(status metav1.Status) string {
	text := "The request is invalid"
	details := status.Details
	if details == nil {
		if status.Message != "" {
			text += ": " + status.Message
		}
		return text
	}
	if details.Kind != "" || details.Name != "" {
		text = fmt.Sprintf("The %s %q is invalid", details.Kind, details.Name)
	} else if status.Message != "" && len(details.Causes) == 0 {
		text += ": " + status.Message
	}
	var causes []string
	seen := map[string]bool{}
	for _, cause := range details.Causes {
		line := cause.Field + ": " + cause.Message
		if !seen[line] {
			seen[line] = true
			causes = append(causes, line)
		}
	}
	switch len(causes) {
	case 0:
		return text
	case 1:
		return text + ": " + causes[0] + "\n"
	}
	return text + ": \n* " + strings.Join(causes, "\n* ") + "\n"
}

// usageError is an error that points to the command's help.
func (c *call) usageError(format string, args ...any) error {
	return fmt.Errorf("%s\nSee '%s -h' for help and examples", fmt.Sprintf(format, args...), c.path())
}

// sourced names the file that an error came from.
func sourced(verb, source string, err error) error {
	if source == "" || err == nil {
		return err
	}
	if s, ok := err.(*apierrors.StatusError); ok {
		status := s.ErrStatus
		status.Message = fmt.Sprintf("error when %s %q: %s", verb, source, status.Message)
		return &apierrors.StatusError{ErrStatus: status}
	}
	return fmt.Errorf("error when %s %q: %v", verb, source, err)
}

// aggregate is nil, the one error, or all of them.
func aggregate(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return utilerrors.NewAggregate(errs)
}
