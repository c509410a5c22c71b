/** A list of words: each is typed, or taken from those that are known, and can be taken away. */

import { useId } from 'react';
import { Button } from '../../ui/controls';
import controls from '../../ui/controls.module.css';
import styles from './alerts.module.css';

export function WordsField({
  label,
  hint,
  placeholder,
  words,
  known,
  typed,
  wrong,
  onType,
  onChange,
}: {
  label: string;
  hint: string;
  placeholder?: string;
  words: readonly string[];
  known: readonly string[];
  /** What stands in the field: the form takes it for a word as well. */
  typed: string;
  wrong?: string | undefined;
  onType: (typed: string) => void;
  onChange: (words: readonly string[]) => void;
}) {
  const id = useId();
  const add = () => {
    const word = typed.trim();
    if (word && !words.includes(word)) onChange([...words, word]);
    else onType('');
  };
  return (
    <div className={controls['field']}>
      <div className={controls['labels']}>
        <label htmlFor={id} className={controls['label']}>
          {label}
        </label>
        {wrong && (
          <span id={`${id}-wrong`} className={controls['wrong']}>
            {wrong}
          </span>
        )}
      </div>
      {words.length > 0 && (
        <ul className={styles['words']} aria-label={label}>
          {words.map((word) => (
            <li key={word}>
              <span>{word}</span>
              <Button
                look="quiet"
                isIcon
                aria-label={`Take away ${word}`}
                onPress={() => onChange(words.filter((other) => other !== word))}
              >
                ×
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div className={styles['adding']}>
        <input
          id={id}
          className={controls['input']}
          list={`${id}-known`}
          value={typed}
          placeholder={words.length > 0 ? '' : placeholder}
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
          aria-describedby={`${id}-hint${wrong ? ` ${id}-wrong` : ''}`}
          {...(wrong ? { 'aria-invalid': true, 'data-invalid': true } : {})}
          onChange={(event) => onType(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            // The form is sent by its button: here Enter ends a word.
            event.preventDefault();
            add();
          }}
        />
        <datalist id={`${id}-known`}>
          {known
            .filter((word) => !words.includes(word))
            .map((word) => (
              <option key={word} value={word} />
            ))}
        </datalist>
      </div>
      <span id={`${id}-hint`} className={controls['hint']}>
        {hint}
      </span>
    </div>
  );
}
