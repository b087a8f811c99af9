"""Mystery 2: why does this program take a second?

    python3 mystery_2.py
"""
total = 0
for i in range(8_000_000):
    total += i * i % 7
print("the total is", total)
