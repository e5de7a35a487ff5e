-- MD5 (RFC 1321), to know a file by the hash that the server names. Neovim has only SHA-256.
local bit = require('bit')
local band, bor, bxor, bnot = bit.band, bit.bor, bit.bxor, bit.bnot
local rol, tobit = bit.rol, bit.tobit

local shifts = {
  { 7, 12, 17, 22 },
  { 5, 9, 14, 20 },
  { 4, 11, 16, 23 },
  { 6, 10, 15, 21 },
}
local sines = {} ---@type integer[]
for i = 1, 64 do
  sines[i] = tobit(math.floor(math.abs(math.sin(i)) * 2 ^ 32))
end

---@param text string
---@param at integer
---@return integer
local function word(text, at)
  local a, b, c, d = text:byte(at, at + 3)
  return bor(a, bit.lshift(b, 8), bit.lshift(c, 16), bit.lshift(d, 24))
end

---@param value integer
---@return string
local function little(value)
  return string.char(
    band(value, 255),
    band(bit.rshift(value, 8), 255),
    band(bit.rshift(value, 16), 255),
    band(bit.rshift(value, 24), 255)
  )
end

--- One step of round `round` (0–3): the mixed word and which word of the block it takes.
local function mix(round, i, b, c, d)
  if round == 0 then
    return bor(band(b, c), band(bnot(b), d)), i
  elseif round == 1 then
    return bor(band(d, b), band(bnot(d), c)), (5 * i + 1) % 16
  elseif round == 2 then
    return bxor(b, c, d), (3 * i + 5) % 16
  end
  return bxor(c, bor(b, bnot(d))), (7 * i) % 16
end

---@param text string
---@return string hexadecimal
return function(text)
  local length = #text
  local padded = text
    .. '\128'
    .. ('\0'):rep((55 - length) % 64)
    .. little(tobit(length * 8 % 2 ^ 32))
    .. little(math.floor(length / 2 ^ 29))
  local a0, b0, c0, d0 = tobit(0x67452301), tobit(0xefcdab89), tobit(0x98badcfe), tobit(0x10325476)
  local block = {} ---@type integer[]
  for start = 1, #padded, 64 do
    for i = 0, 15 do
      block[i] = word(padded, start + 4 * i)
    end
    local a, b, c, d = a0, b0, c0, d0
    for i = 0, 63 do
      local round = math.floor(i / 16)
      local f, g = mix(round, i, b, c, d)
      f = tobit(f + a + sines[i + 1] + block[g])
      a, d, c, b = d, c, b, tobit(b + rol(f, shifts[round + 1][i % 4 + 1]))
    end
    a0, b0, c0, d0 = tobit(a0 + a), tobit(b0 + b), tobit(c0 + c), tobit(d0 + d)
  end
  local digest = little(a0) .. little(b0) .. little(c0) .. little(d0)
  return (digest:gsub('.', function(char)
    return ('%02x'):format(char:byte())
  end))
end
