package edge

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/rest"
)

// Where whoever is shown a service account's token finds out how to check it
// (pkg/routes/openidmetadata.go).
const (
	configurationPath = "/.well-known/openid-configuration"
	keysPath          = "/openid/v1/jwks"
)

// openID answers what the API server has let through and knows nothing of: who
// issues tokens, and the keys that they are checked with.
func (s *Server) openID(r *http.Request, reply rest.Reply) rest.Reply {
	signer, ok := s.opts.Tokens.(*Signer)
	if !ok || reply.Code != http.StatusNotFound || r.Method != http.MethodGet {
		return reply
	}
	var doc any
	kind := "application/json"
	switch strings.TrimSuffix(r.URL.Path, "/") {
	case configurationPath:
		doc = map[string]any{
			"issuer": apiserver.TokenIssuer, "jwks_uri": "https://" + r.Host + keysPath,
			"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"ES256"},
		}
	case keysPath:
		doc, kind = map[string]any{"keys": []any{signer.public()}}, "application/jwk-set+json"
	default:
		return reply
	}
	body, err := json.Marshal(doc)
	if err != nil {
		panic(err) // strings alone
	}
	return rest.Reply{Code: http.StatusOK, Body: body, Header: rest.Header{"Content-Type": kind, "Cache-Control": "public, max-age=3600"}}
}

// public is the key that tokens are checked with, as a JSON web key (RFC 7518).
func (s *Signer) public() map[string]string {
	point, err := s.key.PublicKey.Bytes() // 4 and the two coordinates
	if err != nil {
		panic(err) // the curve is P-256
	}
	return map[string]string{"use": "sig", "kty": "EC", "kid": s.id, "crv": "P-256", "alg": "ES256", "x": encode(point[1 : 1+half]), "y": encode(point[1+half:])}
}
