// What every report says first of a trace that does not hold all that it could.
#include "query/why/notes.h"

#include <catch2/catch.hpp>

#include "tests/query/db_builder.h"

using namespace tarry;
using namespace tarry::testing;

TEST_CASE("Sessions that were not decrypted are said, with whose they are", "[notes]") {
  DbBuilder b;
  b.process(1, 0, "java", 0, 100);
  b.process(2, 0, "curl", 0, 100);
  Database& db = b.db();
  CHECK(notesOn(db).empty());
  // Decrypted; refused with an alert; closed before anything was said.
  db.execute(
      "INSERT INTO tls (id, ts, upid, utid, side, alert, sent_bytes, received_bytes, plaintext) VALUES"
      " (1, 0, 2, 2, 'client', NULL, 10, 10, 1), (2, 0, 1, 1, 'client', 'received fatal unknown_ca', NULL, "
      "NULL, NULL),"
      " (3, 0, 1, 1, 'client', NULL, 0, 0, NULL)");
  CHECK(notesOn(db).empty());
  db.execute(
      "INSERT INTO tls (id, ts, upid, utid, side, sent_bytes, received_bytes) VALUES"
      " (4, 0, 1, 1, 'client', 10, 10), (5, 0, 1, 1, 'client', NULL, 10)");
  const std::vector<std::string> notes = notesOn(db);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].starts_with("2 TLS sessions of java (pid "));
  CHECK(notes[0].ends_with("not decrypted: no OpenSSL or GnuTLS was found there to probe"));
  CHECK(nothingIn(db, "HTTP").ends_with(notes[0]));
  db.execute("INSERT INTO stats (name, value) VALUES ('wakers_unseen', 1)");
  CHECK(notesOn(db).back().ends_with("not decrypted: recording by ptrace cannot"));
}
