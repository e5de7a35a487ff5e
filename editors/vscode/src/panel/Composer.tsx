/** The input with its chips, switches, completions and the buttons Send and Stop. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Mode } from '../shared/protocol';
import { Icon, IconButton } from './elements';
import { keep, kept, post } from './host';
import { append, droppedPaths, insertCompletion, recallable, triggerAt, type Trigger } from './input';
import { runningTurn, type State } from './state';

const MODELS = ['', 'default', 'sonnet', 'opus', 'haiku'];

export function Composer({ state }: { state: State }): JSX.Element {
  const [text, setText] = useState(() => kept().draft);
  const [found, setFound] = useState<Trigger | null>(null);
  const [chosen, setChosen] = useState(0);
  const recall = useRef(-1);
  const field = useRef<HTMLTextAreaElement>(null);
  const asked = useRef(0);
  const running = runningTurn(state);
  const { surroundings, completions, input } = state;
  const offered = found !== null && completions.id === asked.current ? completions.items : [];
  const blocked = !surroundings.trusted || surroundings.server === 'failed';
  const sendable = running === null && text.trim() !== '' && !blocked;

  useEffect(() => keep({ draft: text }), [text]);

  // Grows with its text up to a third of the panel; the style sheet sets the limit.
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight + 2}px`;
  }, [text]);

  useEffect(() => {
    if (input.id === 0) return;
    setText((draft) => (draft.trim() === '' ? input.text : append(draft, input.text)));
    if (input.focus) field.current?.focus();
  }, [input]);

  useEffect(() => {
    // A panel that gets the focus gives it to the input, unless something in it has it already.
    const onFocus = (): void => {
      if (document.activeElement === null || document.activeElement === document.body) field.current?.focus();
    };
    window.addEventListener('focus', onFocus);
    return () => window.removeEventListener('focus', onFocus);
  }, []);

  const look = (value: string, caret: number): void => {
    const trigger = triggerAt(value, caret);
    setFound(trigger);
    setChosen(0);
    if (trigger === null) return;
    asked.current += 1;
    post({ type: 'complete', id: asked.current, trigger: trigger.trigger, query: trigger.query });
  };
  // What is offered depends on the spec that the message is about, and on a server that may only have started now.
  const about = [surroundings.server, ...surroundings.chips.map(({ detail }) => detail)].join('\n');
  useEffect(() => {
    if (found !== null) look(text, field.current?.selectionStart ?? text.length);
  }, [about]);
  const change = (value: string): void => {
    recall.current = -1;
    setText(value);
    look(value, field.current?.selectionStart ?? value.length);
  };
  const send = (): void => {
    if (!sendable) return;
    post({ type: 'send', text });
    setText('');
    setFound(null);
    recall.current = -1;
    field.current?.focus();
  };
  const accept = (index: number): void => {
    const item = offered[index];
    const element = field.current;
    if (item === undefined || found === null || element === null) return;
    const next = insertCompletion(text, element.selectionStart, found, item.insert);
    setText(next.text);
    setFound(null);
    requestAnimationFrame(() => {
      element.focus();
      element.setSelectionRange(next.caret, next.caret);
    });
  };
  const recallBy = (step: number): boolean => {
    const messages = recallable(state.turns.map(({ message }) => message));
    const next = recall.current + step;
    if (next < -1 || next >= messages.length) return false;
    recall.current = next;
    setText(messages[next] ?? '');
    return true;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (offered.length > 0 && completionKey(event)) return;
    const recalling = recall.current >= 0 || text === '';
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === 'ArrowUp' && recalling) {
      if (recallBy(1)) event.preventDefault();
    } else if (event.key === 'ArrowDown' && recall.current >= 0) {
      if (recallBy(-1)) event.preventDefault();
    }
  };
  const completionKey = (event: KeyboardEvent): boolean => {
    const { key } = event;
    if (key === 'ArrowDown') setChosen((chosen + 1) % offered.length);
    else if (key === 'ArrowUp') setChosen((chosen + offered.length - 1) % offered.length);
    else if ((key === 'Enter' && !event.shiftKey) || (key === 'Tab' && !event.shiftKey)) accept(chosen);
    else if (key === 'Escape') {
      setFound(null);
      event.stopPropagation();
    } else return false;
    event.preventDefault();
    return true;
  };
  const onDrop = (event: DragEvent): void => {
    const data = event.dataTransfer;
    const paths = droppedPaths(data?.getData('application/vnd.code.uri-list') || data?.getData('text/uri-list') || '');
    if (paths.length === 0) return;
    event.preventDefault();
    setText(append(text, `${paths.join(' ')} `));
  };

  return (
    <div class="composer" onDrop={onDrop} onDragOver={(event) => event.preventDefault()}>
      <Offers items={offered} chosen={chosen} onAccept={accept} />
      {surroundings.chips.length === 0 ? null : (
        <ul class="chips" aria-label="What the message is about">
          {surroundings.chips.map(({ id, label, detail }) => (
            <li key={id} class="chip" title={detail}>
              <span>{label}</span>
              <IconButton icon="close" name={`Remove ${label}`} onClick={() => post({ type: 'removeChip', id })} />
            </li>
          ))}
        </ul>
      )}
      <textarea
        ref={field}
        rows={1}
        value={text}
        aria-label="Message Claude"
        aria-autocomplete="list"
        aria-controls={offered.length > 0 ? 'offers' : undefined}
        aria-activedescendant={offered.length > 0 ? `offer-${chosen}` : undefined}
        placeholder={blocked ? 'Claude is not available' : 'Ask about the study. @ for entries and files, / for commands'}
        onInput={(event) => change(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={() => setFound(null)}
        // VS Code may take the focus for a moment, as when a tab has just opened.
        onFocus={() => look(text, field.current?.selectionStart ?? text.length)}
      />
      <div class="switches">
        <select aria-label="Mode" value={surroundings.mode} onChange={(event) => post({ type: 'setMode', mode: event.currentTarget.value as Mode })}>
          <option value="user">User mode</option>
          <option value="power">Power mode</option>
        </select>
        <select aria-label="Claude version" value={surroundings.model} onChange={(event) => post({ type: 'setModel', model: event.currentTarget.value })}>
          {modelsWith(surroundings.model).map((model) => <option key={model} value={model}>{model === '' ? "Claude's model" : model}</option>)}
        </select>
        <span class="space" />
        {running === null ? (
          <button type="button" class="send" aria-label="Send" title="Send (Enter)" disabled={!sendable} onClick={send}><Icon name="send" /></button>
        ) : (
          <button type="button" class="send" aria-label="Stop" title="Stop (Esc)" onClick={() => post({ type: 'stop' })}><Icon name="debug-stop" /></button>
        )}
      </div>
    </div>
  );
}

interface OffersProperties {
  items: State['completions']['items'];
  chosen: number;
  onAccept: (index: number) => void;
}

function Offers({ items, chosen, onAccept }: OffersProperties): JSX.Element | null {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' }), [chosen]);
  if (items.length === 0) return null;
  return (
    <ul ref={list} id="offers" class="offers" role="listbox" aria-label="Completions">
      {items.map(({ label, detail, icon }, index) => (
        <li
          key={`${label} ${detail}`}
          id={`offer-${index}`}
          role="option"
          aria-selected={index === chosen}
          // The input keeps the focus.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onAccept(index)}
        >
          <Icon name={icon} /> <span class="label">{label}</span> <span class="detail">{detail}</span>
        </li>
      ))}
    </ul>
  );
}

/** The choices, with one from the settings that is none of ours. */
function modelsWith(model: string): string[] {
  return MODELS.includes(model) ? MODELS : [...MODELS, model];
}
