/** A glob for files whose path holds `query`, in any case. Knows no VS Code. */
export function globFor(query: string): string {
  if (query === '') return '**';
  const letters = Array.from(query, (letter) => {
    const [lower, upper] = [letter.toLowerCase(), letter.toUpperCase()];
    if (lower !== upper && lower.length === 1 && upper.length === 1) return `[${lower}${upper}]`;
    // What means something in a glob stands for any one character; the result is filtered once more.
    return /[*?[\]{}!,\\]/.test(letter) ? '?' : letter;
  });
  const part = letters.join('');
  return `{**/*${part}*,**/*${part}*/**}`;
}
