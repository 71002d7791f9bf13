package pressure_test

import (
	"fmt"

	"github.com/afloat-go/afloat/interceptors/pressure"
)

// What an answer can do without is left out before anybody is refused.
func ExampleLevel() {
	parts := []string{"article"}
	if pressure.Level() < 0.9 {
		parts = append(parts, "recommendations")
	}
	fmt.Println(parts)
	// Output: [article recommendations]
}
