// Lists
