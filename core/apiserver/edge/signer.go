package edge

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Signer signs service accounts' tokens: JSON web tokens by ES256, one of the
// two ways that kube-apiserver has. It implements apiserver.Tokens.
type Signer struct {
	key    *ecdsa.PrivateKey
	id     string // of the key
	header string // encoded
}

// NewSigner makes a key, and what it is kept as.
func NewSigner() (s *Signer, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	s, err = signerOf(private)
	return s, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// ReadSigner reads what NewSigner made.
func ReadSigner(key []byte) (*Signer, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	if key, ok := private.(*ecdsa.PrivateKey); ok && key.Curve == elliptic.P256() {
		return signerOf(key)
	}
	return nil, fmt.Errorf("a key for signing cannot be a %T", private)
}

func signerOf(key *ecdsa.PrivateKey) (*Signer, error) {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(public)
	return &Signer{key, encode(id[:]), encode(fmt.Appendf(nil, `{"alg":"ES256","kid":%q}`, encode(id[:])))}, nil
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// half is how long each of a signature's two numbers is.
const half = 32

// Sign implements apiserver.Tokens.
func (s *Signer) Sign(claims []byte) (string, error) {
	text := s.header + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	a, b, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		return "", err
	}
	var signature [2 * half]byte
	a.FillBytes(signature[:half])
	b.FillBytes(signature[half:])
	return text + "." + encode(signature[:]), nil
}

// maxToken is longer than any token of ours.
const maxToken = 16 << 10

// Claims implements apiserver.Tokens. Only the very header that Sign writes is
// taken: a token does not say by which way it wants to be checked.
func (s *Signer) Claims(token string) (claims []byte, good bool) {
	header, rest, _ := strings.Cut(token, ".")
	body, tail, _ := strings.Cut(rest, ".")
	if len(token) > maxToken || header != s.header {
		return nil, false
	}
	decode := base64.RawURLEncoding.Strict().DecodeString
	signature, err := decode(tail)
	if err != nil || len(signature) != 2*half {
		return nil, false
	}
	claims, err = decode(body)
	if err != nil || !bytes.HasPrefix(claims, []byte("{")) {
		return nil, false
	}
	sum := sha256.Sum256([]byte(header + "." + body))
	a, b := new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
	return claims, ecdsa.Verify(&s.key.PublicKey, sum[:], a, b)
}
