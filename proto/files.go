// Package proto has the .proto files of afloat, for those who generate code for other
// languages or copy them. The command afloat writes them into a folder: afloat proto export.
package proto

import "embed"

// Files are the .proto files, by the names with which others import them, such as
// "afloat/degrade/v1/degradation.proto".
//
//go:embed afloat/*/v1/*.proto
var Files embed.FS
