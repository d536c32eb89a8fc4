package edge

import (
	"net/http"
	"strings"

	openapi "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"

	"github.com/tabernetes/tabernetes/core/rest"
)

// Helm and older kubectls read OpenAPI v2 as protobuf, and nothing else. It is
// made here, of the API server's JSON, since what makes it is too large for the
// browser. They ask for it by a name with @v1.0, with which no type's name is
// well formed, and are answered by this one.
const protobufOpenAPI = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

// openAPI rewrites an answer as its sender wants it.
func openAPI(r *http.Request, reply rest.Reply) rest.Reply {
	if r.URL.Path != "/openapi/v2" || reply.Code != http.StatusOK ||
		!strings.Contains(r.Header.Get("Accept"), "com.github.proto-openapi.spec.v2") {
		return reply
	}
	doc, err := openapi.ParseDocument(reply.Body)
	if err != nil {
		return reply
	}
	data, err := proto.Marshal(doc)
	if err != nil {
		return reply
	}
	reply.Body = data
	reply.Header = rest.Header{"Content-Type": protobufOpenAPI, "Cache-Control": "no-cache, private", "Vary": "Accept"}
	return reply
}
