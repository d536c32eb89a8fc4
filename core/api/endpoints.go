package api

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// Endpoints and EndpointSlices: pkg/registry/core/endpoint and
// pkg/registry/discovery/endpointslice.

func endpoints() *Resource {
	return typed[corev1.Endpoints, corev1.EndpointsList](&Resource{
		Version: "v1", Kind: "Endpoints", Plural: "endpoints", Singular: "endpoints",
		Validate: check(validateEndpoints), ValidateUpdate: recheck(validateEndpointsUpdate),
		ShortNames: []string{"ep"}, Namespaced: true, CreatedByUpdate: true,
		Deprecated: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
		Default:    on(defaultEndpoints),
		Columns: []metav1.TableColumnDefinition{
			nameColumn, column("Endpoints", corev1.Endpoints{}.SwaggerDoc()["subsets"]), ageColumn,
		},
		Row: row(func(ep *corev1.Endpoints, now time.Time) []any {
			return []any{ep.Name, formatEndpoints(ep), age(ep.CreationTimestamp, now)}
		}),
	})
}

func defaultEndpoints(ep *corev1.Endpoints) {
	for _, subset := range ep.Subsets {
		for i := range subset.Ports {
			setIfEmpty(&subset.Ports[i].Protocol, corev1.ProtocolTCP)
		}
	}
}

// atMost lists the first limit of some words, and says how many more there are.
func atMost(limit int, words []string, separator string) string {
	if len(words) <= limit {
		return strings.Join(words, separator)
	}
	return fmt.Sprintf("%s + %d more...", strings.Join(words[:limit], separator), len(words)-limit)
}

func formatEndpoints(ep *corev1.Endpoints) string {
	var list []string
	for _, subset := range ep.Subsets {
		for _, address := range subset.Addresses {
			if len(subset.Ports) == 0 {
				list = append(list, address.IP)
			}
		}
		for _, port := range subset.Ports {
			for _, address := range subset.Addresses {
				list = append(list, net.JoinHostPort(address.IP, strconv.Itoa(int(port.Port))))
			}
		}
	}
	if len(ep.Subsets) == 0 {
		return "<none>"
	}
	return atMost(3, list, ",")
}

func endpointSlices() *Resource {
	doc := discoveryv1.EndpointSlice{}.SwaggerDoc()
	return typed[discoveryv1.EndpointSlice, discoveryv1.EndpointSliceList](&Resource{
		Group: "discovery.k8s.io", Version: "v1", Kind: "EndpointSlice", Plural: "endpointslices", Singular: "endpointslice",
		Namespaced:    true,
		Default:       on(defaultEndpointSlice),
		PrepareCreate: func(obj Object) { obj.SetGeneration(1) }, PrepareUpdate: over(prepareEndpointSliceUpdate),
		Columns: []metav1.TableColumnDefinition{
			nameColumn, column("AddressType", doc["addressType"]), column("Ports", doc["ports"]),
			column("Endpoints", doc["endpoints"]), ageColumn,
		},
		Row: row(endpointSliceRow),
	})
}

func defaultEndpointSlice(slice *discoveryv1.EndpointSlice) {
	for i := range slice.Ports {
		setIfNil(&slice.Ports[i].Name, "")
		setIfNil(&slice.Ports[i].Protocol, corev1.ProtocolTCP)
	}
}

// prepareEndpointSliceUpdate counts every change, of labels too, in the generation.
func prepareEndpointSliceUpdate(slice, old *discoveryv1.EndpointSlice) {
	a, b := slice.DeepCopy(), old.DeepCopy()
	for _, s := range []*discoveryv1.EndpointSlice{a, b} {
		s.TypeMeta = metav1.TypeMeta{}
		s.ResourceVersion, s.Generation, s.ManagedFields = "", 0, nil
	}
	slice.Generation = nextGeneration(old.Generation, equality.Semantic.DeepEqual(a, b))
}

func endpointSliceRow(slice *discoveryv1.EndpointSlice, now time.Time) []any {
	var ports, addresses []string
	for _, port := range slice.Ports {
		text := "*"
		if port.Port != nil {
			text = strconv.Itoa(int(*port.Port))
		} else if port.Name != nil {
			text = ptr.Deref(port.Name, "")
		}
		ports = append(ports, text)
	}
	for _, endpoint := range slice.Endpoints {
		addresses = append(addresses, endpoint.Addresses...)
	}
	unset := func(words []string) string {
		if len(words) == 0 {
			return "<unset>"
		}
		return atMost(3, words, ",")
	}
	return []any{slice.Name, string(slice.AddressType), unset(ports), unset(addresses), age(slice.CreationTimestamp, now)}
}
