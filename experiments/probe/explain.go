package probe

import "fmt"

// explain turns a refusal of the kernel into a sentence that says what is
// missing and what to do.
func explain(what string, err error) error { return fmt.Errorf("%s: %w", what, err) }
