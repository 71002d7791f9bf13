module github.com/afloat-go/afloat/tools/house

go 1.26.0
