package lessons

import (
	"encoding/json"
	"errors"
	"fmt"

	kjson "sigs.k8s.io/json"

	"github.com/tabernetes/tabernetes/core/cluster"
)

// SubmissionFormat is what a submission's format field says.
const SubmissionFormat = "tabernetes/submission/v1"

// Bounds of a submission.
const (
	MaxSubmission = 4 << 20 // bytes
	MaxRecords    = 5000
	MaxTypedLine  = 64 << 10 // bytes, here-documents included
	maxStudent    = 200      // bytes
)

// Submission is a session as a file: everything that it takes to have it
// again, and what it is said to have come to.
type Submission struct {
	Format string `json:"format"`
	// Lesson and LessonHash say which lesson, and which content of it.
	Lesson     string `json:"lesson"`
	LessonHash string `json:"lessonHash"`
	// Engine is the version that the session ran on, for people; Start is the
	// hash of the start state, by which another engine is told.
	Engine  string `json:"engine"`
	Start   string `json:"start"`
	Student string `json:"student"`
	Seed    uint64 `json:"seed"`
	// Inputs are the learner's deeds in order, End is when it was saved.
	Inputs []Record `json:"inputs"`
	End    Record   `json:"end"`
	// Answers are the last answers, for people: Inputs hold them too.
	Answers map[string]Answer `json:"answers"`
	// Claimed is the score shown when it was saved.
	Claimed Claim `json:"claimed"`
}

// Record is one deed of the learner.
type Record struct {
	cluster.Input
	// Hash is the state just before; "" where nobody looked.
	Hash string `json:"hash,omitempty"`
	// Answer is what was answered, Content what a file was written with.
	Answer  *Answer `json:"answer,omitempty"`
	Content string  `json:"content,omitempty"`
}

// Claim is a score: points of how many, and each check's part of 1.
type Claim struct {
	Points float64            `json:"points"`
	Of     int                `json:"of"`
	Checks map[string]float64 `json:"checks,omitempty"`
}

// Save is the session as it stands, with its score. engine is the version of
// this program.
func (s *Session) Save(engine string) *Submission {
	s.look()
	s.takeInputs()
	return &Submission{
		Format: SubmissionFormat, Lesson: s.lesson.ID, LessonHash: s.lesson.Hash,
		Engine: engine, Start: s.begin, Student: s.opts.Student, Seed: s.opts.Seed,
		Inputs: s.records, End: Record{Input: s.now("end", ""), Hash: s.c.Hash()},
		Answers: s.answers, Claimed: s.Score(),
	}
}

// Encode is the submission as a file's bytes.
func (sub *Submission) Encode() ([]byte, error) {
	data, err := json.MarshalIndent(sub, "", " ")
	return append(data, '\n'), err
}

// Errors that say why a file cannot be graded at all.
var (
	ErrNotSubmission = errors.New("not a submission")
	ErrFormat        = errors.New("a submission of another format")
	ErrTooLarge      = errors.New("too large")
)

// DecodeSubmission reads a file that anybody may have made.
func DecodeSubmission(data []byte) (*Submission, error) {
	if len(data) > MaxSubmission {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxSubmission)
	}
	var head struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNotSubmission, err)
	}
	switch head.Format {
	case SubmissionFormat:
	case "":
		return nil, fmt.Errorf("%w: it has no format", ErrNotSubmission)
	default:
		return nil, fmt.Errorf("%w: %.60q; this version reads %q", ErrFormat, head.Format, SubmissionFormat)
	}
	sub := &Submission{}
	strict, err := kjson.UnmarshalStrict(data, sub)
	if err == nil && len(strict) > 0 {
		err = strict[0]
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNotSubmission, err)
	}
	if len(sub.Inputs) > MaxRecords {
		return nil, fmt.Errorf("%w: %d inputs, more than %d", ErrTooLarge, len(sub.Inputs), MaxRecords)
	}
	for i, r := range sub.Inputs {
		if len(r.With) > MaxTypedLine {
			return nil, fmt.Errorf("%w: input %d has %d bytes, more than %d", ErrTooLarge, i+1, len(r.With), MaxTypedLine)
		}
	}
	if len(sub.Student) > maxStudent {
		return nil, fmt.Errorf("%w: the student's id has more than %d bytes", ErrTooLarge, maxStudent)
	}
	return sub, nil
}

// encode writes answers in one form, whatever the maps' order.
func encode(answers map[string]Answer) (string, error) {
	if answers == nil {
		answers = map[string]Answer{}
	}
	data, err := json.Marshal(answers)
	return string(data), err
}
