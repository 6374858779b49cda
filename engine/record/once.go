package record

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"ashna/engine/access"
	"ashna/engine/change"
	"ashna/engine/db"
	"ashna/kit/fault"
)

// keepKeys is how long the answer to an idempotency key is kept.
const keepKeys = 24 * time.Hour

// Answer is what a mutation gave back, as it is kept for a repeated request.
type Answer struct {
	Status int
	Body   []byte
}

// Once runs a mutation in a transaction. With a key, the same request of the same viewer gets the first answer again for 24 hours and does
// nothing; another request with the key is refused. The key is kept in the transaction of the mutation, so a request whose outcome was
// lost on the way can be sent again without fear.
func (e *Engine) Once(ctx context.Context, who *access.Viewer, via change.Via, key string, request []byte, do func(*Tx) (Answer, error)) (Answer, error) {
	var answer Answer
	if key == "" {
		err := e.Write(ctx, who, via, func(tx *Tx) (err error) {
			answer, err = do(tx)
			return err
		})
		if err != nil {
			return Answer{}, err
		}
		return answer, nil
	}
	id := keyText(who, key)
	sum := sha256.Sum256(request)
	print := hex.EncodeToString(sum[:])
	err := e.Write(ctx, who, via, func(tx *Tx) error {
		again, err := tx.claim(ctx, id, print, &answer)
		if err != nil || again {
			return err
		}
		if answer, err = do(tx); err != nil {
			return err
		}
		return tx.db.Later(ctx, "UPDATE idempotency SET status = $1, answer = $2 WHERE id = $3", int64(answer.Status), string(answer.Body), id)
	})
	if err != nil {
		return Answer{}, err
	}
	return answer, nil
}

func keyText(who *access.Viewer, key string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s", who.User, key))
	return hex.EncodeToString(sum[:])
}

// claim takes a key for this transaction; true when it was answered before.
func (t *Tx) claim(ctx context.Context, id, print string, answer *Answer) (bool, error) {
	n, err := t.db.Exec(ctx, "INSERT INTO idempotency (id, at, request, status) VALUES ($1, $2, $3, 0) ON CONFLICT (id) DO UPDATE SET "+
		"at = excluded.at, request = excluded.request, status = 0, answer = NULL WHERE idempotency.at < $4",
		id, t.now.UnixMicro(), print, t.now.Add(-keepKeys).UnixMicro())
	if err != nil || n == 1 {
		return false, err
	}
	row, _, err := db.One(ctx, t.db, "SELECT request, status, answer FROM idempotency WHERE id = $1", id)
	if err != nil {
		return false, err
	}
	if row == nil || row.Text(0) != print {
		return false, fault.New(fault.Conflict, "request.idempotency_mismatch")
	}
	*answer = Answer{Status: int(row.Int(1)), Body: []byte(row.Text(2))}
	return true, nil
}

// Sweep removes the answers to idempotency keys that are older than 24 hours, and shares whose time is over.
func (e *Engine) Sweep(ctx context.Context) error {
	return e.db.Write(ctx, func(tx *db.Tx) error {
		now := e.clock.Now()
		if err := tx.Later(ctx, "DELETE FROM idempotency WHERE at < $1", now.Add(-keepKeys).UnixMicro()); err != nil {
			return err
		}
		return tx.Later(ctx, "DELETE FROM record_share WHERE until < $1", now.UnixMicro())
	})
}

// Try runs do so that its failure undoes only what it did, and the transaction goes on.
func (t *Tx) Try(ctx context.Context, do func() error) error {
	changes, queue := len(t.changes), t.search
	err := t.db.Try(ctx, do)
	if err == nil {
		return nil
	}
	t.changes, t.search = t.changes[:changes], queue
	clear(t.known)
	return t.explain(err)
}
