// Table thread_state into a StateStore, as a load without that table would have filled it.
#pragma once

namespace tarry {

class Database;
class StateStore;

void readStates(Database& db, StateStore& store);

}  // namespace tarry
