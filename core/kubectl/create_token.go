package kubectl

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func createTokenCommand() *Command {
	return &Command{
		Name: "token", Short: "Request a service account token",
		Usage: "SERVICE_ACCOUNT_NAME",
		Examples: `
			# A token for the service account robot of the current namespace
			kubectl create token robot

			# One that is good for ten minutes
			kubectl create token robot --duration=10m`,
		Setup: setupCreateToken,
	}
}

// tokenFlags are what a token is to be like.
type tokenFlags struct {
	outputFlags
	audiences       []string
	life            time.Duration
	kind, name, uid string
}

// boundKinds are what a token can be bound to, with their versions.
var boundKinds = map[string]string{"Pod": "v1", "Secret": "v1", "Node": "v1"}

func setupCreateToken(f *pflag.FlagSet) action {
	o := &tokenFlags{}
	o.outputFlags.add(f, generalFormatHelp)
	f.StringArrayVar(&o.audiences, "audience", nil, "Audience of the requested token. If unset, defaults to requesting a token for use with the Kubernetes API server. May be repeated to request a token valid for multiple audiences.")
	f.DurationVar(&o.life, "duration", 0, "Requested lifetime of the issued token. If not set or if set to 0, the lifetime will be determined by the server automatically. The server may return a token with a longer or shorter lifetime.")
	f.StringVar(&o.kind, "bound-object-kind", "", "Kind of an object to bind the token to. Supported kinds are Node, Pod, Secret. If set, --bound-object-name must be provided.")
	f.StringVar(&o.name, "bound-object-name", "", "Name of an object to bind the token to. The token will expire when the object is deleted. Requires --bound-object-kind.")
	f.StringVar(&o.uid, "bound-object-uid", "", "UID of an object to bind the token to. Requires --bound-object-kind and --bound-object-name. If unset, the UID of the existing object is used.")
	return func(c *call, args []string) error {
		name, err := c.oneName(args)
		if err != nil {
			return err
		}
		if err := o.check(); err != nil {
			return err
		}
		return o.fetch(c, name)
	}
}

func (o *tokenFlags) check() error {
	_, known := boundKinds[o.kind]
	switch {
	case o.life < 0:
		return errors.New("--duration must be greater than or equal to 0")
	case o.life%time.Second != 0:
		return errors.New("--duration cannot be expressed in units less than seconds")
	case slices.Contains(o.audiences, ""):
		return errors.New("--audience must not be an empty string")
	case o.kind == "" && o.name != "":
		return errors.New("--bound-object-name can only be set if --bound-object-kind is provided")
	case o.kind == "" && o.uid != "":
		return errors.New("--bound-object-uid can only be set if --bound-object-kind is provided")
	case o.kind != "" && !known:
		return errors.New("supported --bound-object-kind values are " + strings.Join(slices.Sorted(maps.Keys(boundKinds)), ", "))
	case o.kind != "" && o.name == "":
		return errors.New("--bound-object-name is required if --bound-object-kind is provided")
	}
	return nil
}

func (o *tokenFlags) fetch(c *call, name string) error {
	request := &authenticationv1.TokenRequest{
		TypeMeta: metav1.TypeMeta{APIVersion: authenticationv1.SchemeGroupVersion.String(), Kind: "TokenRequest"},
		Spec:     authenticationv1.TokenRequestSpec{Audiences: o.audiences},
	}
	if o.life > 0 {
		seconds := int64(o.life / time.Second)
		request.Spec.ExpirationSeconds = &seconds
	}
	if o.kind != "" {
		request.Spec.BoundObjectRef = &authenticationv1.BoundObjectReference{
			Kind: o.kind, APIVersion: boundKinds[o.kind], Name: o.name, UID: types.UID(o.uid),
		}
	}
	body, err := encode(request)
	if err != nil {
		return err
	}
	ns, _ := c.namespace()
	answer, err := c.fetch(wire{method: "POST", path: "/api/v1/namespaces/" + ns + "/serviceaccounts/" + url.PathEscape(name) + "/token", body: append(body, '\n')})
	if err != nil {
		return fmt.Errorf("failed to create token: %v", err)
	}
	if o.format == "" {
		status, _ := answer.Object["status"].(map[string]any)
		c.out(fmt.Sprint(status["token"], "\n"))
		return nil
	}
	print, err := o.printer("created")
	if err != nil {
		return err
	}
	return print(c, answer)
}
