// Prints docs/schema.md: `tarry_schema_doc > docs/schema.md`.
#include <iostream>

#include "analyzer/schema.h"

int main() {
  std::cout << tarry::schemaMarkdown();
  return 0;
}
