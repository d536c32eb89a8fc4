package endpoints

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/rest"
)

// byService files slices under the service that they name.
const byService = "service"

// viewOf are the slices that a controller keeps.
func viewOf(c *client.Client, keeper string) *client.View[*discoveryv1.EndpointSlice] {
	v := client.NewView[*discoveryv1.EndpointSlice](c, client.ViewOptions{LabelSelector: discoveryv1.LabelManagedBy + "=" + keeper})
	v.Index(byService, func(s *discoveryv1.EndpointSlice) []string { return []string{serviceKey(s)} })
	return v
}

func serviceKey(s *discoveryv1.EndpointSlice) string {
	return s.Namespace + "/" + s.Labels[discoveryv1.LabelServiceName]
}

// sliceWriter writes slices and remembers what it has written.
type sliceWriter struct {
	c     *client.Client
	wrote controller.Written // by service
	mine  controller.Written // by slice: what a notification of one's own write says
}

func newWriter(c *client.Client) sliceWriter {
	return sliceWriter{c: c, wrote: controller.Written{}, mine: controller.Written{}}
}

// act does what a plan says; whose says in errors whose slices they are. More
// are not made for an owner that is being deleted.
func (w *sliceWriter) act(key, whose string, p plan, more bool) error {
	for _, slice := range p.create {
		if !more {
			break
		}
		err := w.do(key, slice, &rest.Request{Verb: rest.Create, Object: slice})
		if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("failed to create EndpointSlice for %s: %w", whose, err)
		}
	}
	for _, slice := range p.update {
		if err := w.do(key, slice, &rest.Request{Verb: rest.Update, Object: slice}); err != nil {
			return fmt.Errorf("failed to update %s EndpointSlice for %s: %w", slice.Name, whose, err)
		}
	}
	for _, slice := range p.delete {
		if err := w.do(key, slice, &rest.Request{Verb: rest.Delete}); err != nil {
			return fmt.Errorf("failed to delete %s EndpointSlice for %s: %w", slice.Name, whose, err)
		}
	}
	return nil
}

func (w *sliceWriter) do(key string, slice *discoveryv1.EndpointSlice, req *rest.Request) error {
	req.Resource, req.Namespace, req.Name = api.For(slice).GVR(), slice.Namespace, slice.Name
	resp, err := w.c.Do(req)
	if err != nil {
		return err
	}
	w.wrote.Note(key, resp.Revision)
	if written, ok := resp.Object.(*discoveryv1.EndpointSlice); ok {
		slice = written
	}
	w.mine.Note(client.Key(slice), resp.Revision)
	return nil
}

// somebodyElses tells whether a slice's notification is not of one's own write.
func (w *sliceWriter) somebodyElses(s *discoveryv1.EndpointSlice) bool {
	return controller.Revision(s) > w.mine[client.Key(s)]
}
