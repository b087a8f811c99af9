// Prints docs/schema.md: `tarry_schema_doc > docs/schema.md`.
#include <iostream>

#include "analyzer/schema.h"
#include "query/sql/functions.h"

int main() {
  std::cout << tarry::schemaMarkdown() << tarry::sqlFunctionsMarkdown();
  return 0;
}
