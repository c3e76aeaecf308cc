// The yardstick of the book benchmark: the algorithm of sim/kernels/book.py in C++, for streams of actions on one book.
// The same parts: levels as intrusive lists, occupied levels as bits in three layers, order ids, a list of orders for each
// owner, fills written as rows of twelve words. Left out: statuses, time in force, reduce-only, several markets, checks.
// Reads ACTION records (16 bytes: kind, side, tif, replace, owner, price, lots); prints processor seconds and a checksum.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

struct Action { int8_t kind, side, tif, replace; int32_t owner, price, lots; };
struct Order { int64_t id, lots; int32_t price, owner, next, prev, owner_next, owner_prev; };
struct Level { int32_t first, last; int64_t lots; };
struct Fill { int64_t seq, time_ms, cycle, market, price, lots, maker, taker, maker_order, taker_order, side, reason; };

constexpr int kPrices = 1 << 16, kFills = 1 << 12;
enum Kind { kLimit, kMarket, kCancel, kCancelAll };

struct Levels {
  uint64_t low[kPrices >> 6] = {}, mid[kPrices >> 12] = {}, top = 0;
  void set(int i) { low[i >> 6] |= 1ull << (i & 63); mid[i >> 12] |= 1ull << (i >> 6 & 63); top |= 1ull << (i >> 12); }
  void clear(int i) {
    if (low[i >> 6] &= ~(1ull << (i & 63))) return;
    if (mid[i >> 12] &= ~(1ull << (i >> 6 & 63))) return;
    top &= ~(1ull << (i >> 12));
  }
  int next(int i) const {  // smallest set >= i, or kPrices
    if (i >= kPrices) return kPrices;
    uint64_t word = low[i >> 6] >> (i & 63);
    if (word) return i + __builtin_ctzll(word);
    int group = (i >> 6) + 1;
    if (group >= kPrices >> 6) return kPrices;
    word = mid[group >> 6] >> (group & 63);
    if (word) group += __builtin_ctzll(word);
    else {
      int block = (group >> 6) + 1;
      if (block >= 16 || !(top >> block)) return kPrices;
      block += __builtin_ctzll(top >> block);
      group = block * 64 + __builtin_ctzll(mid[block]);
    }
    return group * 64 + __builtin_ctzll(low[group]);
  }
  int previous(int i) const {  // largest set <= i, or -1
    if (i < 0) return -1;
    uint64_t word = low[i >> 6] << (63 - (i & 63));
    if (word) return i - __builtin_clzll(word);
    int group = (i >> 6) - 1;
    if (group < 0) return -1;
    word = mid[group >> 6] << (63 - (group & 63));
    if (word) group -= __builtin_clzll(word);
    else {
      int block = (group >> 6) - 1;
      if (block < 0 || !(top << (63 - block))) return -1;
      block -= __builtin_clzll(top << (63 - block));
      group = block * 64 + 63 - __builtin_clzll(mid[block]);
    }
    return group * 64 + 63 - __builtin_clzll(low[group]);
  }
};

struct Book {
  std::vector<Level> levels{kPrices};
  std::vector<Order> orders;
  std::vector<int32_t> free, mine;  // mine: newest resting order of each owner
  std::vector<Fill> fills{kFills};
  Levels bits[2];
  int best[2] = {-1, kPrices};
  int64_t n_fills = 0, volume = 0, value = 0, next_serial = 1, time_ms = 0, cycle = 0;

  explicit Book(int owners) : orders(owners + 1), mine(owners) {
    for (int slot = owners; slot > 0; slot--) free.push_back(slot);
  }
  void vacate(int side, int price) {
    bits[side].clear(price);
    if (price == best[side]) best[side] = side ? bits[1].next(price + 1) : bits[0].previous(price - 1);
  }
  void remove(int slot, int side) {
    Order &order = orders[slot];
    Level &level = levels[order.price];
    level.lots -= order.lots;
    (order.prev ? orders[order.prev].next : level.first) = order.next;
    (order.next ? orders[order.next].prev : level.last) = order.prev;
    if (!level.first) vacate(side, order.price);
    (order.owner_prev ? orders[order.owner_prev].owner_next : mine[order.owner]) = order.owner_next;
    if (order.owner_next) orders[order.owner_next].owner_prev = order.owner_prev;
    order.id = 0;
    free.push_back(slot);
  }
  void cancel(int owner) {
    while (int slot = mine[owner]) remove(slot, orders[slot].price <= best[0] ? 0 : 1);
  }
  template <int side> int64_t take(int owner, int limit, int64_t lots, int64_t serial) {
    constexpr int other = 1 - side;
    while (lots > 0) {
      int price = best[other];
      if (side == 0 ? price > limit || price >= kPrices : price < limit || price < 0) break;
      Level &level = levels[price];
      Order &order = orders[level.first];
      if (order.owner == owner) {
        remove(level.first, other);
        continue;
      }
      int64_t traded = order.lots < lots ? order.lots : lots;
      fills[n_fills & (kFills - 1)] = Fill{n_fills, time_ms, cycle, 0, price, traded, order.owner, owner, order.id >> 24, serial, side, 3};
      n_fills++, volume += traded, value += traded * price, lots -= traded;
      if (traded == order.lots) remove(level.first, other);
      else order.lots -= traded, level.lots -= traded;
    }
    return lots;
  }
  void rest(int side, int owner, int price, int64_t lots, int64_t serial) {
    int slot = free.back();
    free.pop_back();
    Level &level = levels[price];
    orders[slot] = Order{serial << 24 | slot, lots, price, owner, 0, level.last, mine[owner], 0};
    level.lots += lots;
    if (level.last) orders[level.last].next = slot;
    else {
      level.first = slot;
      bits[side].set(price);
      if (side ? price < best[1] : price > best[0]) best[side] = price;
    }
    level.last = slot;
    if (mine[owner]) orders[mine[owner]].owner_prev = slot;
    mine[owner] = slot;
  }
  void act(const Action &a) {
    if (a.replace || a.kind == kCancelAll) cancel(a.owner);
    if (a.kind == kCancelAll) return;
    int limit = a.kind == kLimit ? a.price : a.side ? 0 : kPrices - 1;
    int64_t serial = next_serial++;
    int64_t left = a.side ? take<1>(a.owner, limit, a.lots, serial) : take<0>(a.owner, limit, a.lots, serial);
    if (left > 0 && a.kind == kLimit) rest(a.side, a.owner, a.price, left, serial);
  }
};

int main(int argc, char **argv) {  // file, owners, actions before the clock starts, runs
  if (argc != 5) return 1;
  FILE *file = fopen(argv[1], "rb");
  if (!file) return 1;
  fseek(file, 0, SEEK_END);
  std::vector<Action> actions(ftell(file) / sizeof(Action));
  rewind(file);
  if (fread(actions.data(), sizeof(Action), actions.size(), file) != actions.size()) return 1;
  int owners = atoi(argv[2]);
  size_t warm = atol(argv[3]);
  for (int run = 0; run < atoi(argv[4]); run++) {
    Book book(owners);
    for (size_t i = 0; i < warm; i++) book.act(actions[i]);
    clock_t begin = clock();
    for (size_t i = warm; i < actions.size(); i++) book.act(actions[i]);
    double seconds = double(clock() - begin) / CLOCKS_PER_SEC;
    printf("%.9f %ld %ld %ld %zu\n", seconds, (long)book.n_fills, (long)book.volume, (long)book.value,
           (size_t)owners - book.free.size());
  }
}
